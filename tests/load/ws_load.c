/* A room full of people in one thread: opens N websockets, sends chat messages on some, counts every delivery on all.
 *
 *   ws_load PROTOCOL PORT PATH VIEWERS SENDERS [SUFFIXES] < commands
 *
 * PROTOCOL is `aethex` (frames of the API contract) or `socketio` (Engine.IO 4 over websocket only). SUFFIXES is a
 * file whose line i is appended to PATH for connection i (a ticket); the first SENDERS connections are the senders.
 * When all are in, commands are read from stdin, a line each; every answer is one line of JSON on stdout:
 *
 *   rate R S     send R messages a second for S seconds (open loop)
 *   window W S   keep W messages under way for S seconds (closed loop: saturation)
 *   stall N 0    the last N connections stop reading, for good; they no longer count as people in the room
 *   quit
 *
 * A message is timed by the marker in its content: `Q`, two letters that name the phase, sixteen letters that stand for
 * the hexadecimal digits of microseconds; a long word to whoever judges it. A delivery is one marker seen on one socket. Latency is delivery minus send, of each delivery. What
 * the server refuses with an error frame is counted as `errors` and not expected.
 *
 * On `aethex` it offers compression as browsers do, message by message (RFC 7692). It inflates and reads what it has not
 * seen before: a thousand browsers would each do that on a machine of their own. Messages are two to fourteen common
 * words each, so that they compress about as people's do, and some have digits and signs.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { MARK = 19, IN_FLIGHT = 64, BUCKETS = 200000, BUCKET_US = 100, READ = 1 << 18, PER_SOURCE = 10,
       KEPT = 16, PLAIN_MOST = 1 << 20 };
enum stage { CLOSED, DIALLING, UPGRADING, JOINING, READY, STALLED };

struct conn {
    int fd, number;
    enum stage stage;
    char head[512];    /* HTTP answer, then the head of a websocket frame */
    int head_len;
    uint64_t left;     /* bytes of the present frame still to come */
    int opcode, fresh; /* fresh: nothing of the present frame has been read yet */
    int compressed;    /* the present message is */
    char *packed;      /* what has come of it, when it did not come in one read */
    size_t packed_len;
    char mark[MARK];   /* a marker cut in two by the end of a read */
    int mark_len;
    uint64_t seen;     /* deliveries in this phase */
};

static struct conn *conns;
static int viewers, senders, port, epoll, socketio, ready, open_attempts, failures;
static char phase[3] = "aa";
static const char *path;
static char **suffixes;
static uint64_t histogram[BUCKETS], delivered, sent, errors, acks, closed, sequence;
static char buffer[READ];
static struct {
    char *packed, *plain;
    size_t packed_len, plain_len;
    const char **marks; /* in `plain` */
    int count, acks, errors;
} kept[KEPT];
static z_stream inflater;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double cpu_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void hang_up(struct conn *c) {
    if (c->stage == READY) closed++, ready--;
    else failures++;
    close(c->fd);
    c->fd = -1;
    c->stage = CLOSED;
}

static void put(struct conn *c, const void *bytes, size_t n) {
    if (send(c->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n) errors++;
}

/* One masked frame; the mask is zero, so the payload goes out as it is. */
static void put_frame(struct conn *c, int opcode, const char *payload, size_t n) {
    unsigned char frame[1024] = {0x80 | opcode};
    size_t at = 2;
    if (n < 126) frame[1] = 0x80 | n;
    else frame[1] = 0x80 | 126, frame[2] = n >> 8, frame[3] = n, at = 4;
    at += 4;
    memcpy(frame + at, payload, n);
    put(c, frame, at + n);
}

static void dial(int i) {
    struct conn *c = &conns[i];
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    c->number = i;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    /* people do not share one address: each source address of 127/8 carries a few connections */
    from.sin_addr.s_addr = htonl(0x7F010001 + i / PER_SOURCE);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (void *)&from, sizeof from)) perror("bind");
    c->stage = DIALLING;
    open_attempts++;
    if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) { perror("connect"); exit(1); }
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
}

#define OFFER "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits\r\n"

static void ask_upgrade(struct conn *c) {
    char request[2048];
    int n = snprintf(request, sizeof request,
                     "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                     path, suffixes ? suffixes[c->number] : "", port, socketio ? "" : OFFER);
    put(c, request, n);
    c->stage = UPGRADING;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void count_mark(struct conn *c, const char *mark, uint64_t now) {
    if (mark[1] != phase[0] || mark[2] != phase[1]) return; /* of an earlier phase, or history */
    uint64_t at = 0;
    for (int i = 3; i < MARK; i++) at = at << 4 | (mark[i] - 'a');
    uint64_t bucket = (now - at) / BUCKET_US;
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    delivered++;
    c->seen++;
}

static uint64_t occurrences(const char *data, size_t n, const char *word) {
    uint64_t found = 0;
    size_t length = strlen(word);
    const char *end = data + n;
    while ((data = memmem(data, end - data, word, length))) found++, data += length;
    return found;
}

static void read_payload(struct conn *c, const char *data, size_t n, uint64_t now) {
    const char *end = data + n;
    if (c->number < senders) { /* a word cut in two by the end of a read escapes this count, a delivery never does */
        acks += occurrences(data, n, "\"chat:ack\"");
        errors += occurrences(data, n, "\"chat:error\"");
    }
    if (c->mark_len) {
        size_t missing = MARK - c->mark_len, take = missing < n ? missing : n;
        memcpy(c->mark + c->mark_len, data, take);
        c->mark_len += take;
        data += take;
        if (c->mark_len < MARK) return;
        count_mark(c, c->mark, now);
        c->mark_len = 0;
    }
    while (data < end && (data = memchr(data, 'Q', end - data))) {
        if (end - data < MARK) {
            memcpy(c->mark, data, c->mark_len = end - data);
            return;
        }
        count_mark(c, data, now);
        data += MARK;
    }
}

static void find_marks(int i) {
    const char *at = kept[i].plain, *end = at + kept[i].plain_len;
    if (!kept[i].marks) kept[i].marks = malloc(PLAIN_MOST / MARK * sizeof *kept[i].marks);
    for (kept[i].count = 0; (at = memchr(at, 'Q', end - at)) && end - at >= MARK; at += MARK)
        kept[i].marks[kept[i].count++] = at;
}

/* A compressed message, whole. */
static void read_packed(struct conn *c, const char *packed, size_t n, uint64_t now) {
    static int next;
    int i = 0;
    while (i < KEPT && (kept[i].packed_len != n || memcmp(kept[i].packed, packed, n))) i++;
    if (i == KEPT) {
        i = next = (next + 1) % KEPT;
        kept[i].packed = realloc(kept[i].packed, n + 4);
        if (!kept[i].plain) kept[i].plain = malloc(PLAIN_MOST);
        memcpy(kept[i].packed, packed, n);
        memcpy(kept[i].packed + n, "\0\0\xff\xff", 4);
        inflateReset(&inflater);
        inflater.next_in = (Bytef *)kept[i].packed, inflater.avail_in = n + 4;
        inflater.next_out = (Bytef *)kept[i].plain, inflater.avail_out = PLAIN_MOST;
        int told = inflate(&inflater, Z_SYNC_FLUSH);
        kept[i].packed_len = n, kept[i].plain_len = PLAIN_MOST - inflater.avail_out;
        find_marks(i);
        kept[i].acks = occurrences(kept[i].plain, kept[i].plain_len, "\"chat:ack\"");
        kept[i].errors = occurrences(kept[i].plain, kept[i].plain_len, "\"chat:error\"");
        if (told != Z_OK || inflater.avail_in) { fprintf(stderr, "a message does not inflate: %d\n", told); exit(1); }
    }
    if (c->number < senders) acks += kept[i].acks, errors += kept[i].errors;
    for (int m = 0; m < kept[i].count; m++) count_mark(c, kept[i].marks[m], now);
}

/* A piece of a compressed message; read when it is the last. */
static void gather_packed(struct conn *c, const char *data, size_t n, uint64_t now) {
    if (!c->packed_len && n == c->left) { read_packed(c, data, n, now); return; }
    c->packed = realloc(c->packed, c->packed_len + n);
    memcpy(c->packed + c->packed_len, data, n);
    c->packed_len += n;
    if (n < c->left) return;
    read_packed(c, c->packed, c->packed_len, now);
    free(c->packed);
    c->packed = NULL, c->packed_len = 0;
}

static void joined(struct conn *c) {
    c->stage = READY;
    ready++;
}

/* The short frames that are not chat: control frames, and Engine.IO's own packets. */
static void read_control(struct conn *c, const char *data, size_t n) {
    if (c->opcode == 8) hang_up(c);
    else if (c->opcode == 9) put_frame(c, 10, data, n);
    else if (socketio && n && data[0] == '2') put_frame(c, 1, "3", 1);
    else if (socketio && n && data[0] == '0' && c->stage == JOINING) put_frame(c, 1, "40", 2);
    else if (socketio && n > 1 && data[0] == '4' && data[1] == '0' && c->stage == JOINING) joined(c);
}

/* Length of the head of the frame in c->head, or 0 while there is too little of it. */
static int frame_head(struct conn *c) {
    unsigned char *h = (unsigned char *)c->head;
    if (c->head_len < 2) return 0;
    int length = h[1] & 127, size = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (c->head_len < size) return 0;
    c->left = length < 126 ? length : 0;
    for (int i = 2; i < size; i++) c->left = c->left << 8 | h[i];
    if (h[0] & 15) c->opcode = h[0] & 15, c->compressed = h[0] >> 6 & 1;
    return size;
}

static void read_frames(struct conn *c, const char *data, size_t n, uint64_t now) {
    while (n && c->fd >= 0) {
        if (!c->left) {
            c->head[c->head_len++] = *data++;
            n--;
            if (!frame_head(c)) continue;
            c->head_len = 0;
            c->fresh = 1;
            if (c->stage == JOINING && !socketio && c->opcode < 8) joined(c);
            if (!c->left && c->opcode >= 8) read_control(c, data, 0);
            continue;
        }
        size_t take = c->left < n ? c->left : n;
        int packet = socketio && c->fresh && data[0] != '4'; /* Engine.IO's own: open, ping */
        c->fresh = 0;
        if (c->opcode >= 8 || packet || c->stage == JOINING) read_control(c, data, take);
        else if (c->compressed) gather_packed(c, data, take, now);
        else read_payload(c, data, take, now);
        c->left -= take;
        data += take;
        n -= take;
    }
}

static void read_answer(struct conn *c, const char *data, size_t n, uint64_t now) {
    for (size_t i = 0; i < n; i++) {
        if (c->head_len < (int)sizeof c->head - 1) c->head[c->head_len++] = data[i];
        else memmove(c->head + 16, c->head + 17, sizeof c->head - 18), c->head[sizeof c->head - 2] = data[i];
        if (data[i] != '\n' || c->head_len < 4 || memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4)) continue;
        if (strncmp(c->head, "HTTP/1.1 101", 12)) {
            if (!failures) fprintf(stderr, "refused: %.*s\n", 60, c->head);
            hang_up(c);
            return;
        }
        c->head_len = 0;
        c->stage = JOINING;
        read_frames(c, data + i + 1, n - i - 1, now);
        return;
    }
}

static void serve(struct conn *c, uint32_t events) {
    if (c->stage == DIALLING) {
        if (events & (EPOLLERR | EPOLLHUP)) hang_up(c);
        else ask_upgrade(c);
        return;
    }
    ssize_t n = recv(c->fd, buffer, READ, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { hang_up(c); return; }
    if (c->stage == UPGRADING) read_answer(c, buffer, n, now_us());
    else read_frames(c, buffer, n, now_us());
}

static void turn(int wait_ms) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, wait_ms);
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if (c->fd >= 0) serve(c, events[i].events);
    }
}

static const char *some_words(void) {
    static const char *const words[] = {
        "what", "a", "play", "did", "you", "all", "see", "that", "one", "lol", "no", "way", "gg", "the", "boss", "is",
        "so", "hard", "today", "hello", "from", "berlin", "nice", "stream", "why", "not", "try", "left", "door", "clip",
        "it", "please", "haha", "again", "music", "name", "who", "wins", "I", "think", "we", "need", "more", "coffee",
        "first", "time", "here", "love", "this", "game", "never", "saw", "such", "luck", "chat", "be", "kind", "monday",
        "night", "best", "host", "ever", "really", "shot", "10", "2nd", "gg!", "wow,", "w8"};
    static char text[256];
    static uint32_t seed = 1;
    int at = 0, count = 2 + (seed = seed * 1664525 + 1013904223) % 13;
    while (count--) {
        seed = seed * 1664525 + 1013904223;
        at += snprintf(text + at, sizeof text - at, " %s", words[(seed >> 16) % (sizeof words / sizeof *words)]);
    }
    return text;
}

/* The marker of a message that is sent now. */
static const char *marker(void) {
    static char text[MARK + 1];
    uint64_t now = now_us();
    text[0] = 'Q', text[1] = phase[0], text[2] = phase[1];
    for (int i = MARK - 1; i > 2; i--, now >>= 4) text[i] = 'a' + (now & 15);
    return text;
}

static void say(void) {
    struct conn *c = &conns[sequence % senders];
    char text[512];
    if (c->stage != READY) { sequence++; return; }
    int n = snprintf(text, sizeof text,
                     socketio ? "42[\"chat:send\",{\"content\":\"%s%s\",\"nonce\":\"%d%s%llu\"}]"
                              : "{\"type\":\"chat:send\",\"payload\":{\"content\":\"%s%s\",\"nonce\":\"%d%s%llu\"}}",
                     marker(), some_words(), getpid(), phase, (unsigned long long)sequence);
    /* the process's number keeps nonces apart from those that the same people sent in an earlier run */
    put_frame(c, 1, text, n);
    sequence++;
    sent++;
}

static double quantile(double q) {
    uint64_t wanted = delivered * q, sum = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((sum += histogram[i]) > wanted) return (i + 1) * BUCKET_US / 1000.0;
    return BUCKETS * BUCKET_US / 1000.0;
}

static void begin_phase(void) {
    if (++phase[1] > 'z') phase[1] = 'a', phase[0]++;
    memset(histogram, 0, sizeof histogram);
    delivered = sent = errors = acks = closed = 0;
    for (int i = 0; i < viewers; i++) conns[i].seen = 0;
}

/* Wait until everything that was sent has arrived everywhere, or nothing arrives any more for two seconds. */
static void drain(void) {
    uint64_t last = delivered, since = now_us();
    while (delivered + errors * ready < sent * ready && now_us() - since < 2000000) {
        turn(10);
        if (delivered != last) last = delivered, since = now_us();
    }
}

static void run_phase(double rate, uint64_t window, double seconds) {
    begin_phase();
    int people = ready;
    double cpu = cpu_seconds();
    uint64_t start = now_us(), end = start + seconds * 1e6, now, progress = start, last = 0, lost = 0;
    while ((now = now_us()) < end) {
        if (delivered != last) last = delivered, progress = now;
        if (now - progress > 1000000) lost = sent - errors - delivered / people, progress = now; /* never came: do not wait */
        if (rate) while (sent < (now - start) / 1e6 * rate) say();
        else while (sent < lost + errors + window + delivered / people) say();
        turn(1);
    }
    double took = (now - start) / 1e6, used = cpu_seconds() - cpu, in_time = (double)delivered / people / took;
    drain();
    uint64_t least = UINT64_MAX, most = 0;
    for (int i = 0; i < viewers; i++) {
        if (conns[i].stage != READY) continue;
        if (conns[i].seen < least) least = conns[i].seen;
        if (conns[i].seen > most) most = conns[i].seen;
    }
    printf("{\"sent\":%llu,\"seconds\":%.3f,\"rate\":%.1f,\"delivered\":%llu,\"expected\":%llu,\"least\":%llu,\"most\":%llu,"
           "\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"acks\":%llu,\"errors\":%llu,\"closed\":%llu,\"generator\":%.3f}\n",
           (unsigned long long)sent, took, in_time, (unsigned long long)delivered, (unsigned long long)(sent - errors) * people,
           (unsigned long long)least, (unsigned long long)most, quantile(.5), quantile(.95), quantile(.99),
           (unsigned long long)acks, (unsigned long long)errors, (unsigned long long)closed, used / took);
    fflush(stdout);
}

/* Taken out of the room, but left open: what is sent to them piles up in the kernel, then in the server. */
static void stall(int count) {
    int before = ready;
    for (int i = viewers - 1; i >= senders && before - ready < count; i--) {
        if (conns[i].stage != READY) continue;
        epoll_ctl(epoll, EPOLL_CTL_DEL, conns[i].fd, NULL);
        conns[i].stage = STALLED;
        ready--;
    }
    printf("{\"stalled\":%d}\n", before - ready);
    fflush(stdout);
}

static void read_suffixes(const char *name) {
    FILE *file = fopen(name, "r");
    if (!file) { perror(name); exit(1); }
    suffixes = calloc(viewers, sizeof *suffixes);
    for (int i = 0; i < viewers; i++) {
        char line[1024] = "";
        suffixes[i] = fgets(line, sizeof line, file) ? strndup(line, strcspn(line, "\n")) : "";
    }
    fclose(file);
}

static void fill_room(void) {
    uint64_t start = now_us();
    while (ready + failures < viewers && now_us() - start < 120000000) {
        while (open_attempts < viewers && open_attempts - ready - failures < IN_FLIGHT) dial(open_attempts);
        turn(10);
    }
    double took = (now_us() - start) / 1e6;
    printf("{\"ready\":%d,\"failures\":%d,\"seconds\":%.3f,\"handshakes\":%.0f}\n", ready, failures, took, ready / took);
    fflush(stdout);
    if (!ready) exit(1);
}

int main(int argc, char **argv) {
    if (argc < 6) { fprintf(stderr, "usage: ws_load PROTOCOL PORT PATH VIEWERS SENDERS [SUFFIXES]\n"); return 2; }
    socketio = !strcmp(argv[1], "socketio");
    port = atoi(argv[2]);
    path = argv[3];
    viewers = atoi(argv[4]);
    senders = atoi(argv[5]);
    if (argc > 6) read_suffixes(argv[6]);
    conns = calloc(viewers, sizeof *conns);
    inflateInit2(&inflater, -MAX_WBITS);
    epoll = epoll_create1(0);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    fill_room();

    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    int commands = epoll_create1(0); /* a set of two: stdin and the room, so that pings are answered between phases */
    e.data.u32 = 0;
    epoll_ctl(commands, EPOLL_CTL_ADD, 0, &e);
    e.data.u32 = 1;
    epoll_ctl(commands, EPOLL_CTL_ADD, epoll, &e);
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(commands, &event, 1, -1) < 1) continue;
        if (event.data.u32) { turn(0); continue; }
        char line[128], word[16];
        double amount, seconds;
        ssize_t n = read(0, line, sizeof line - 1); /* one command at a time: the bench waits for each answer */
        if (n <= 0) return 0;
        line[n] = 0;
        if (sscanf(line, "%15s %lf %lf", word, &amount, &seconds) < 3) return 0;
        if (!strcmp(word, "stall")) stall(amount);
        else if (!strcmp(word, "rate")) run_phase(amount, 0, seconds);
        else run_phase(0, amount, seconds);
    }
}

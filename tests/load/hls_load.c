/* Viewers of one low-latency HLS stream in one thread: each follows the live edge as a player does, on one keep-alive
 * connection. It asks for the playlist that has the next part (blocking, as a delta update), then for that part.
 *
 *   hls_load SECONDS VIEWERS HOST:PORT/FOLDER...
 *
 * FOLDER ends before "stream.m3u8" and has its grant in it. Viewers are spread over the addresses in turn; they come one
 * after the other within two seconds (a few: at once), and are counted two seconds later. Prints one line of JSON: parts a second, how long after the first viewer anywhere had learned
 * of a part each viewer had all of it (quantiles in milliseconds), the share of parts that came before the next one was
 * there, answers that were not 200, connections lost, megabits a second.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUCKETS = 100000, BUCKET_US = 100, TEXT = 1 << 20, PARTS = 1 << 16, NAME = 64 };
enum state { IDLE, PLAYLIST, PART };

struct place {
    struct sockaddr_in address;
    char host[64], folder[512];
};

struct viewer {
    int fd;
    enum state state;
    struct place *place;
    uint64_t begins;
    char *text;            /* the head of an answer, and the whole of a playlist */
    size_t got;            /* bytes of the answer so far */
    size_t head, length;   /* of its head and its body, once known */
    char part[NAME];       /* the part it is taking */
    unsigned wanted_msn, wanted_part, part_number;
};

/* When the first viewer learned of a part, and of the one after it, by msn and index. */
static struct { unsigned msn, part; uint64_t at; } known[PARTS];

static uint64_t histogram[BUCKETS], parts, in_time, refused, lost, bytes;
static uint64_t counted_from;
static int epoll;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint64_t learned(unsigned msn, unsigned part, uint64_t now) {
    unsigned slot = (msn * 257u + part) & (PARTS - 1);
    if (known[slot].msn != msn || known[slot].part != part || !known[slot].at) {
        known[slot].msn = msn;
        known[slot].part = part;
        known[slot].at = now;
    }
    return known[slot].at;
}

static void dial(struct viewer *v) {
    int one = 1;
    v->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(v->fd, (void *)&v->place->address, sizeof v->place->address)) { perror("connect"); exit(1); }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = v};
    epoll_ctl(epoll, EPOLL_CTL_ADD, v->fd, &e);
}

static void ask(struct viewer *v, enum state state, const char *file) {
    char request[1024];
    int size = snprintf(request, sizeof request, "GET /%s%s HTTP/1.1\r\nHost: %s\r\n\r\n", v->place->folder, file,
                        v->place->host);
    v->state = state;
    v->got = v->head = v->length = 0;
    if (send(v->fd, request, size, MSG_NOSIGNAL) != size) perror("send");
}

static void ask_playlist(struct viewer *v, int blocking) {
    char file[128] = "stream.m3u8";
    if (blocking)
        snprintf(file, sizeof file, "stream.m3u8?_HLS_msn=%u&_HLS_part=%u&_HLS_skip=YES", v->wanted_msn, v->wanted_part);
    ask(v, PLAYLIST, file);
}

/* The newest part and the one that is hinted at, from the end of a playlist. */
static void read_playlist(struct viewer *v, uint64_t now) {
    char *line = NULL, *hint = strstr(v->text + v->head, "#EXT-X-PRELOAD-HINT:"), *uri, *end;
    for (char *at = v->text + v->head; (at = strstr(at, "#EXT-X-PART:")); at++) line = at;
    if (!line || !hint) { fprintf(stderr, "the playlist lists no part\n"); exit(1); }
    uri = strstr(line, "URI=\"") + 5;
    end = strchr(uri, '"');
    snprintf(v->part, NAME, "%.*s", (int)(end - uri), uri);
    uri = strstr(hint, "URI=\"") + 5;
    if (sscanf(strchr(uri, '-'), "-%u-%u", &v->wanted_msn, &v->wanted_part) != 2) { fprintf(stderr, "no number\n"); exit(1); }
    unsigned msn, part;
    sscanf(strchr(v->part, '-'), "-%u-%u", &msn, &part);
    learned(msn, part, now);
    ask(v, PART, v->part);
}

static void took_part(struct viewer *v, uint64_t now) {
    unsigned msn, part;
    sscanf(strchr(v->part, '-'), "-%u-%u", &msn, &part);
    uint64_t bucket = (now - learned(msn, part, now)) / BUCKET_US;
    if (now >= counted_from) {
        histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        parts++;
        unsigned slot = (v->wanted_msn * 257u + v->wanted_part) & (PARTS - 1);
        in_time += !(known[slot].msn == v->wanted_msn && known[slot].part == v->wanted_part && known[slot].at);
    }
    ask_playlist(v, 1);
}

static int read_head(struct viewer *v) {
    v->text[v->got < TEXT ? v->got : TEXT - 1] = 0;
    char *end = strstr(v->text, "\r\n\r\n"), *length = strcasestr(v->text, "\r\ncontent-length:");
    if (!end) return 0;
    if (!length || length > end) { fprintf(stderr, "an answer without a length\n"); exit(1); }
    v->head = end + 4 - v->text;
    v->length = strtoul(length + 17, NULL, 10);
    if (strncmp(v->text, "HTTP/1.1 200", 12)) {
        if (!refused++) fprintf(stderr, "%.60s\n", v->text);
        v->state = IDLE;
    }
    return 1;
}

static void serve(struct viewer *v) {
    static char waste[1 << 20];
    for (;;) {
        /* Of a part only the head is kept. */
        int keep = v->state != PART || !v->head;
        size_t room = keep ? TEXT - 1 - v->got : sizeof waste;
        ssize_t n = recv(v->fd, keep ? v->text + v->got : waste, room, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            lost++;
            close(v->fd);
            dial(v);
            return ask_playlist(v, 0);
        }
        v->got += n;
        bytes += n;
        if (!v->head && !read_head(v)) continue;
        if (v->got < v->head + v->length) continue;
        if (v->state == PLAYLIST) {
            v->text[v->got] = 0;
            read_playlist(v, now_us());
        } else if (v->state == PART)
            took_part(v, now_us());
        else
            ask_playlist(v, 0);
        return;
    }
}

static double quantile(double q) {
    uint64_t wanted = parts * q, sum = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((sum += histogram[i]) > wanted) return (i + 1) * BUCKET_US / 1000.0;
    return BUCKETS * BUCKET_US / 1000.0;
}

static struct place locate(const char *text) {
    struct place place = {.address.sin_family = AF_INET};
    char ip[32];
    int port;
    if (sscanf(text, "%31[^:]:%d/%511s", ip, &port, place.folder) != 3) { fprintf(stderr, "no address: %s\n", text); exit(2); }
    place.address.sin_port = htons(port);
    inet_pton(AF_INET, ip, &place.address.sin_addr);
    snprintf(place.host, sizeof place.host, "%s:%d", ip, port);
    return place;
}

int main(int argc, char **argv) {
    if (argc < 4) { fprintf(stderr, "usage: hls_load SECONDS VIEWERS HOST:PORT/FOLDER...\n"); return 2; }
    int people = atoi(argv[2]), places = argc - 3, begun = 0;
    struct place *where = calloc(places, sizeof *where);
    struct viewer *viewers = calloc(people, sizeof *viewers);
    for (int i = 0; i < places; i++) where[i] = locate(argv[3 + i]);
    epoll = epoll_create1(0);
    uint64_t start = now_us();
    uint64_t arrival = people > 100 ? 2000000 : 200000;
    counted_from = start + 2 * arrival;
    uint64_t end = counted_from + atof(argv[1]) * 1e6, since = 0;
    while (now_us() < end) {
        uint64_t now = now_us();
        if (!since && now >= counted_from) since = bytes + 1;
        for (; begun < people && now >= start + begun * arrival / people; begun++) {
            struct viewer *v = &viewers[begun];
            v->place = &where[begun % places];
            v->text = malloc(TEXT);
            dial(v);
            ask_playlist(v, 0);
        }
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, begun < people ? 1 : 100);
        for (int i = 0; i < n; i++) serve(events[i].data.ptr);
    }
    double seconds = (now_us() - counted_from) / 1e6;
    printf("{\"rate\":%.1f,\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"in_time\":%.4f,\"refused\":%llu,\"lost\":%llu,\"megabit\":%.1f}\n",
           parts / seconds, quantile(.5), quantile(.95), quantile(.99), parts ? (double)in_time / parts : 0,
           (unsigned long long)refused, (unsigned long long)lost, (bytes - since) * 8 / 1e6 / seconds);
    return 0;
}

/* Many encoders in one thread, as cheap as can be: every connection sends the same ready-made RTMP bytes, each message
 * when it is due. The sender so costs next to nothing, and what is measured is the server.
 *
 *   rtmp_load PORT RECORDING SECONDS HELLO...
 *
 * HELLO (one for each connection) is a file with C0, C1, C2 and the commands up to publish, as one run of bytes.
 * RECORDING is a sequence of records: 32 bits of milliseconds, 32 bits of length (both big endian), then the chunks of
 * one message. C0 and C1 are sent first, the rest after S0, S1 and S2 came, the media 1.5 s after that. Connections
 * begin spread over one second. Prints one line of JSON: how many were still open at the end, bytes, late messages.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { C0C1 = 1537, S0S1S2 = 3073, LATE_US = 200000 };

struct conn {
    int fd;
    uint64_t start;        /* when millisecond 0 of the recording is due */
    const uint8_t *next;   /* the next record */
    const uint8_t *rest;   /* what the socket did not take of the present one */
    size_t rest_size;
};

static uint64_t bytes, late, broken;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t big32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static uint8_t *slurp(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    struct stat about;
    if (!file || fstat(fileno(file), &about)) { perror(name); exit(1); }
    uint8_t *data = malloc(about.st_size);
    *size = fread(data, 1, about.st_size, file);
    fclose(file);
    return data;
}

static void open_publisher(struct conn *c, int number, int port, const char *hello_file) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)}, from = {.sin_family = AF_INET};
    size_t size;
    int one = 1;
    uint8_t *hello = slurp(hello_file, &size), answer[S0S1S2];
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    from.sin_addr.s_addr = htonl(0x7F010001 + number); /* encoders do not share an address */
    if (bind(c->fd, (void *)&from, sizeof from)) perror("bind");
    if (connect(c->fd, (void *)&to, sizeof to)) { perror("connect"); exit(1); }
    if (send(c->fd, hello, C0C1, MSG_NOSIGNAL) != C0C1) { perror("send"); exit(1); }
    if (recv(c->fd, answer, S0S1S2, MSG_WAITALL) != S0S1S2) { fprintf(stderr, "no handshake\n"); exit(1); }
    if (send(c->fd, hello + C0C1, size - C0C1, MSG_NOSIGNAL) < 0) { perror("send"); exit(1); }
    free(hello);
}

static void hang_up(struct conn *c) {
    close(c->fd);
    c->fd = -1;
    broken++;
}

/* Acknowledgements and the like are taken off the wire and thrown away; true when the server hung up. */
static int gone(struct conn *c) {
    static uint8_t waste[1 << 16];
    ssize_t n;
    while ((n = recv(c->fd, waste, sizeof waste, MSG_DONTWAIT)) > 0) {}
    return n == 0 || errno != EAGAIN;
}

static void push(struct conn *c, const uint8_t *end, uint64_t now) {
    while (c->fd >= 0) {
        if (!c->rest_size) {
            if (c->next >= end) return;
            uint64_t due = c->start + (uint64_t)big32(c->next) * 1000;
            if (due > now) return;
            if (now - due > LATE_US) late++;
            c->rest = c->next + 8;
            c->rest_size = big32(c->next + 4);
            c->next = c->rest + c->rest_size;
        }
        ssize_t n = send(c->fd, c->rest, c->rest_size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) { hang_up(c); return; }
        bytes += n;
        c->rest += n;
        c->rest_size -= n;
    }
}

int main(int argc, char **argv) {
    if (argc < 5) { fprintf(stderr, "usage: rtmp_load PORT RECORDING SECONDS HELLO...\n"); return 2; }
    int port = atoi(argv[1]), people = argc - 4;
    size_t size;
    const uint8_t *recording = slurp(argv[2], &size), *end = recording + size;
    struct conn *conns = calloc(people, sizeof *conns);
    for (int i = 0; i < people; i++) {
        open_publisher(&conns[i], i, port, argv[4 + i]);
        conns[i].next = recording;
    }
    uint64_t start = now_us() + 1500000, finish = start + atof(argv[3]) * 1e6, now, looked = 0;
    for (int i = 0; i < people; i++) conns[i].start = start + (uint64_t)i * 1000000 / people;
    while ((now = now_us()) < finish) {
        int look = now - looked > 200000;
        if (look) looked = now;
        for (int i = 0; i < people; i++) {
            if (conns[i].fd < 0) continue;
            if (look && gone(&conns[i])) hang_up(&conns[i]);
            else push(&conns[i], end, now);
        }
        usleep(2000);
    }
    printf("{\"open\":%d,\"broken\":%llu,\"megabit\":%.1f,\"late\":%llu}\n", people - (int)broken,
           (unsigned long long)broken, bytes * 8 / 1e6, (unsigned long long)late);
    return 0;
}

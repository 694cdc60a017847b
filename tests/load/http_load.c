/* Visitors in one thread: N keep-alive connections ask for one page again and again, each as soon as it has its answer.
 *
 *   http_load PORT PATH CONNECTIONS SECONDS
 *
 * Prints one line of JSON: requests a second, quantiles of the answer times in milliseconds (request sent until the
 * last byte of the body), answers that were not 200, and bytes of the last body. Bodies are read by Content-Length or
 * by chunks; a connection that the server closes is opened again and counted.
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

enum { BUCKETS = 200000, BUCKET_US = 100, ANSWER = 1 << 20 };

struct conn {
    int fd;
    uint64_t asked;
    size_t got;
    char *answer;
};

static int port, epoll;
static char request[1024];
static uint64_t histogram[BUCKETS], answers, refused, reopened;
static size_t body;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void ask(struct conn *c) {
    c->got = 0;
    c->asked = now_us();
    if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0) perror("send");
}

static void dial(struct conn *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (void *)&to, sizeof to)) { perror("connect"); exit(1); }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
    ask(c);
}

/* Bytes of the body when the whole answer is there, -1 when more must come. */
static ssize_t whole(struct conn *c) {
    c->answer[c->got] = 0;
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end) return -1;
    size_t head = end + 4 - c->answer;
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (length && length < end) {
        size_t wanted = strtoul(length + 17, NULL, 10);
        return c->got >= head + wanted ? (ssize_t)wanted : -1;
    }
    return c->got > head + 4 && !memcmp(c->answer + c->got - 5, "0\r\n\r\n", 5) ? (ssize_t)(c->got - head) : -1;
}

static void serve(struct conn *c) {
    ssize_t n = recv(c->fd, c->answer + c->got, ANSWER - c->got - 1, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        reopened++;
        close(c->fd);
        dial(c);
        return;
    }
    c->got += n;
    ssize_t size = whole(c);
    if (size < 0) return;
    uint64_t bucket = (now_us() - c->asked) / BUCKET_US;
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    answers++;
    body = size;
    if (strncmp(c->answer, "HTTP/1.1 200", 12)) {
        if (!refused++) fprintf(stderr, "%.*s\n", 80, c->answer);
    }
    ask(c);
}

static double quantile(double q) {
    uint64_t wanted = answers * q, sum = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((sum += histogram[i]) > wanted) return (i + 1) * BUCKET_US / 1000.0;
    return BUCKETS * BUCKET_US / 1000.0;
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: http_load PORT PATH CONNECTIONS SECONDS\n"); return 2; }
    port = atoi(argv[1]);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nAccept: text/html\r\n\r\n", argv[2], port);
    int connections = atoi(argv[3]);
    epoll = epoll_create1(0);
    struct conn *conns = calloc(connections, sizeof *conns);
    for (int i = 0; i < connections; i++) conns[i].answer = malloc(ANSWER), dial(&conns[i]);
    uint64_t start = now_us(), end = start + atof(argv[4]) * 1e6;
    while (now_us() < end) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < n; i++) serve(events[i].data.ptr);
    }
    printf("{\"rate\":%.1f,\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"answers\":%llu,\"refused\":%llu,\"reopened\":%llu,\"body\":%zu}\n",
           answers / ((now_us() - start) / 1e6), quantile(.5), quantile(.95), quantile(.99), (unsigned long long)answers,
           (unsigned long long)refused, (unsigned long long)reopened, body);
    return 0;
}

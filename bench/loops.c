/* Loops of one thing, timed: nanoseconds for each turn. And many opens from four threads, and many
 * short processes. Usage: loops WHAT COUNT FILE */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long count;
static const char *path;

static void *open_often(void *unused)
{
    for (long i = 0; i < count; i++)
        close(open(path, O_RDONLY));
    return unused;
}

static void spawn_often(void)
{
    char *arguments[] = {"true", (char *)path, 0};
    for (long i = 0; i < count; i++) {
        pid_t child;
        if (posix_spawn(&child, "/bin/true", 0, 0, arguments, environ) == 0)
            waitpid(child, 0, 0);
    }
}

int main(int argc, char **argv)
{
    struct timespec begin, end;
    if (argc != 4)
        return 2;
    count = atol(argv[2]);
    path = argv[3];
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (!strcmp(argv[1], "getpid")) {
        for (long i = 0; i < count; i++)
            syscall(SYS_getpid);
    } else if (!strcmp(argv[1], "open")) {
        open_often(0);
    } else if (!strcmp(argv[1], "create")) {
        for (long i = 0; i < count; i++)
            close(open(path, O_WRONLY | O_CREAT, 0600));
    } else if (!strcmp(argv[1], "threads")) {
        pthread_t threads[4];
        count /= 4;
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], 0, open_often, 0);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], 0);
        count *= 4;
    } else if (!strcmp(argv[1], "spawn")) {
        spawn_often();
    } else {
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec);
    printf("%.1f\n", ns / count);
    return 0;
}

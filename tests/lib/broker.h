/* tests/lib/broker.h - a private mosquitto on a free loopback port, for tests in C.
 *
 * Everything it has lies in a temporary directory of its own; it is ended by its pid. */
#ifndef TOCSIN_TESTS_LIB_BROKER_H
#define TOCSIN_TESTS_LIB_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct broker {
    char dir[64];
    uint16_t port;
    pid_t pid; /* 0: not running */
};

/* Makes the directory and finds a port; nothing runs yet. */
void broker_init(struct broker *b);
/* Writes a file into the directory. */
void broker_file(const struct broker *b, const char *name, const char *text);
/* Starts it and waits until it accepts connections. more: further lines of the listener's
 * configuration ("allow_anonymous true" when NULL); %D stands for the directory. Settings and
 * port stay the same when it is started again with more NULL. */
void broker_start(struct broker *b, const char *more);
/* Ends it in an orderly way, so that it saves its sessions. */
void broker_stop(struct broker *b);
void broker_done(struct broker *b);

#endif

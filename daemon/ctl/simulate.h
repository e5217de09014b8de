/* ctl/simulate.h - `tocsin simulate`: plays a story of real device messages against a running
 * gateway, answers its tasks like the people of the town would, and checks what it hears.
 *
 * Thread:  one call at a time; it starts Paho's threads and ends them before it returns. */
#ifndef TOCSIN_CTL_SIMULATE_H
#define TOCSIN_CTL_SIMULATE_H

/* argv[0] is the sub-command's name, options follow (--help lists them).
 * Returns the exit code: 0 all as expected, 1 something was not, 2 wrong usage, 3 the broker or the
 * gateway can't be reached, 130 stopped by Ctrl-C. */
int simulate_main(int argc, char **argv);

#endif

// Command hayauma is the delivery daemon and its command line.
//
// It reads the arguments, the environment and signals, and leaves the rest to package console, whose documentation lists the exit
// codes. The first SIGINT or SIGTERM asks the command to end: a daemon drains and stops, a client lets go of a campaign that goes on
// without it. A second one kills.
package main

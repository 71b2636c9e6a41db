// Package shipped runs the daemon for the pipeline's tables as a user runs it: the built program in a process of its own, driven over its HTTP API.
//
// # What is measured
//
// A campaign is submitted with the audience as a CSV file and with schedule.at a lead ahead, so that it is planned before its due time.
// Without LINE's limits the channel has no limits of its own either, as in the program's demonstration; with them it has its defaults.
// All other settings are the daemon's defaults, but for the store and, in one row, the calls in flight.
//
// # Failure
//
// Questions to a daemon that doesn't answer are asked again until the context ends: it may have been killed and come back. A campaign that
// ends otherwise than with every recipient delivered is an error.
package shipped

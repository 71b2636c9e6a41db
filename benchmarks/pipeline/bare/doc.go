// Package bare is the floor of the pipeline's tables: a process that has nothing to keep, to plan or to render.
//
// The requests are rendered before the process starts. A fixed number of workers take the next one, send it through the same client
// package and with the same transport as the daemon does, and try again what was throttled or stayed without an answer.
//
// # What it promises
//
// Every request is sent until the provider has accepted or finally refused it, under one retry key, not faster than the job's rate.
//
// # Failure
//
// It keeps nothing: what a killed process had not sent is never sent. A refused request ends the process with an error.
package bare

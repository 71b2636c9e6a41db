// Package spill keeps what does not fit in memory in temporary files, for one operation at a time.
//
//	Dir ──File()──► File     bytes written once in order, then read any number of times
//	    ──Sorter──► Sorter   records sorted by a number, in runs
//	Merge                    sorted sources into one
//
// A File stays in memory until its buffer is full, so small operations touch no disk. Memory is what the caller gives as buffer
// sizes, whatever the amount of data. Nothing is synced: spilled data is worthless after a crash. Dir.Close removes everything;
// what a killed process leaves behind lies in subdirectories named spill-*, to be removed at the next start with [Sweep].
//
// On failure (disk full, directory gone) the error of the file system is returned as it is, and nothing else is promised.
package spill

// Package simulation plays the whole pipeline in memory and in virtual time, and judges what comes of it.
package simulation

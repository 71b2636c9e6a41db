// Package objects stores a stream of objects, a few at once: each of them waits for an fsync, and they wait together.
//
// A [Writer] never holds more than AtOnce objects. After the first failure it stores nothing more; Put and Wait return that error.
// What was stored before it is the caller's to drop.
package objects

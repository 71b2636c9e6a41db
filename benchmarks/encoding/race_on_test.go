//go:build race

package encoding

// raced: the race detector makes pools forget at random.
const raced = true

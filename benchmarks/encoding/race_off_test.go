//go:build !race

package encoding

// raced: no race detector.
const raced = false

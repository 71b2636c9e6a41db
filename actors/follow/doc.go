// Package follow is what grains need that follow the store: Go functions that end with a term ([Until]), and the records of a [Source], that
// are not waited for when the store is away and begin again after a failure.
//
//	Started ──▶ Go: Newest (a new one) ──▶ Go: Each ──▶ store.Follow ──▶ take
//	                └ the place of its own record            ▲   │ error
//	                                                         └───┘ 0.1, 0.2 … 5 s
//
// On failure: one line is logged for each attempt that failed, and the next goes on from where the last one came to.
package follow

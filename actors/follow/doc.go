// Package follow is what grains need that follow the store: Go functions that end with a term ([Until]), that are not waited for when the
// store is away ([Aside]), and that begin again after a failure ([Again]).
//
//	Started ──▶ Own (a new one) ──▶ Go: Until ▶ Aside ▶ Again ──▶ store.Follow ──▶ what is told
//	               └ the place of its own record        ▲                │ error
//	                                                    └─ 0.1, 0.2 … 5 s┘
//
// On failure: Again logs one line for each attempt that failed, and goes on from where the last one came to.
package follow

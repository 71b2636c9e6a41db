// Package percentile takes exact percentiles from all samples, by nearest rank: the p-th percentile is the smallest sample that at
// least p percent of all samples don't exceed. It is always a sample, never a value between two. Whatever shows a percentile takes it
// from here, so that all tables mean the same by it.
//
// # Failure
//
// Of no samples every percentile is the zero value: who shows it has to know that there were none.
package percentile

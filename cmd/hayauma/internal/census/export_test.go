package census

// First is first, for tests.
var First = first

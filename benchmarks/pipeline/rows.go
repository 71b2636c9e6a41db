package pipeline

// The rows that experiments name.
const (
	Shipped          = "hayauma"
	ShippedLikePeers = "hayauma-256"
	ShippedMemory    = "hayauma-memory"
	Bare             = "bare"

	manyPHP = "php-128"
)

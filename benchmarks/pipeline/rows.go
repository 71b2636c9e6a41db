package pipeline

// The rows of the daemon itself, which experiments name.
const (
	Shipped          = "hayauma"
	ShippedLikePeers = "hayauma-256"
	ShippedMemory    = "hayauma-memory"
	Bare             = "bare"
)

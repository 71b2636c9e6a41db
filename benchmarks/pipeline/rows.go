package pipeline

// The rows that experiments name.
const (
	Shipped          = "hayauma"
	ShippedLikePeers = "hayauma-256"
	ShippedMemory    = "hayauma-memory"
	Bare             = "bare"

	channels   = "chan"
	protoactor = "protoactor"
	hollywood  = "hollywood"
	asynq      = "asynq"
	river      = "river"
	php        = "php"
	manyPHP    = "php-128"

	manyCalls = "-2048" // ends the name of a row made by AsManyAsShipped
)

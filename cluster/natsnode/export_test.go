package natsnode

// ClientURL is where other clients reach an embedded server that listens.
func (n *Node) ClientURL() string { return n.server.ClientURL() }

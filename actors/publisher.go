package actors

// PublisherMsg is the closed set of messages that the publisher takes. There is one, [PublisherID].
//
//sumtype:decl
type PublisherMsg interface{ publisherMsg() }

// PublisherID is the identity of the only publisher.
const PublisherID = "events"

// StartPublishing has events published from now on, or from where they were last. Answer: Done, or Problem where the publisher's node is not
// configured to publish.
type StartPublishing struct{}

func (StartPublishing) publisherMsg() {}

package remote

// Stats counts packets of a peer, in both lanes.
type Stats struct {
	QueuedPackets uint64 // taken and not acknowledged, at this moment
	QueuedBytes   uint64 // likewise, and what they take of the backlog

	Written      uint64 // to a connection, for the first time
	Resent       uint64 // written again to a later one
	Acknowledged uint64
	Returned     uint64 // given back because the peer is none any more

	Received   uint64 // given to the Receiver
	Duplicates uint64 // dropped because they had been received

	SentBytes     uint64 // written, again or not, with what frames them
	ReceivedBytes uint64 // likewise

	Reconnects uint64 // connections that this member dialled after the first of a lane
}

// Add adds another's counts.
func (s *Stats) Add(o Stats) {
	s.QueuedPackets += o.QueuedPackets
	s.QueuedBytes += o.QueuedBytes
	s.Written += o.Written
	s.Resent += o.Resent
	s.Acknowledged += o.Acknowledged
	s.Returned += o.Returned
	s.Received += o.Received
	s.Duplicates += o.Duplicates
	s.SentBytes += o.SentBytes
	s.ReceivedBytes += o.ReceivedBytes
	s.Reconnects += o.Reconnects
}

// Stats returns what was counted of each peer, by incarnation, and the sum of those that are none any more; one that is leaving is
// in neither for a moment.
func (t *Transport) Stats() (peers map[string]Stats, gone Stats) {
	now := t.peers.Load().byName
	peers = make(map[string]Stats, len(now))
	for name, p := range now {
		peers[name] = p.stats()
	}
	t.sum.Lock()
	defer t.sum.Unlock()
	return peers, t.gone
}

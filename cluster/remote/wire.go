package remote

import "encoding/binary"

// Sizes of what stands before a batch's packets and before each of them, in bytes. The length has a fixed width, so that a packet
// is written where it stays before its length is known.
const (
	headerSize = 8
	prefixSize = 4
)

func putHeader(dst []byte, first uint64) { binary.BigEndian.PutUint64(dst, first) }

func putPrefix(dst []byte, length int) { binary.BigEndian.PutUint32(dst, uint32(length)) }

// cutHeader returns the number of a batch's first packet, and its packets.
func cutHeader(message []byte) (first uint64, packets []byte, err error) {
	if len(message) < headerSize {
		return 0, nil, malformed("a batch of %d bytes", len(message))
	}
	first = binary.BigEndian.Uint64(message)
	if first == 0 {
		return 0, nil, malformed("a batch without a number")
	}
	return first, message[headerSize:], nil
}

// cutPacket returns the first of packets, which it shares, and what follows it.
func cutPacket(packets []byte, limit int) (packet, rest []byte, err error) {
	if len(packets) < prefixSize {
		return nil, nil, malformed("%d bytes behind the last packet", len(packets))
	}
	n, rest := binary.BigEndian.Uint32(packets), packets[prefixSize:]
	switch {
	case uint64(n) > uint64(limit):
		return nil, nil, malformed("a packet of %d bytes, the limit is %d", n, limit)
	case uint64(n) > uint64(len(rest)):
		return nil, nil, malformed("a packet of %d bytes in %d", n, len(rest))
	}
	return rest[:n:n], rest[n:], nil
}

func appendAck(dst []byte, received uint64) []byte {
	return binary.BigEndian.AppendUint64(dst, received)
}

func decodeAck(message []byte) (received uint64, err error) {
	if len(message) != 8 {
		return 0, malformed("an acknowledgement of %d bytes", len(message))
	}
	return binary.BigEndian.Uint64(message), nil
}

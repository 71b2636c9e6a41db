package encoding

import (
	"fmt"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
)

// packed is how many outcomes a checker puts into one record when it has plenty.
const packed = 500

const run = "01JD6M1W9X8R5T3K7Q2Z4V6B0C/1"

// small is a poster's word about one path.
func small() actors.Report {
	return actors.Report{
		Run: run, Window: 3, Path: actors.Span{Lo: 123_456, Hi: 123_457}, What: actors.PathAccepted,
		Poster: "shop/U4af4980629d04b6dbb0e5a3f7c1d2e90", Request: request(123_456), Tries: 1,
	}
}

// outcomes is a record of a run that goes well: one recipient of a hundred is refused.
func outcomes() checker.Settled {
	s := checker.Settled{Entries: make([]checker.Entry, packed)}
	for i := range s.Entries {
		at := uint32(250_000 + i)
		e := checker.Entry{Path: actors.Span{Lo: at, Hi: at + 1}, Window: 3, Outcome: actors.Delivered, Request: request(at), Tries: 1}
		if i%100 == 99 {
			e.Outcome, e.Reason = actors.Failed, "400: The property, 'to', in the request body is invalid"
		}
		s.Entries[i] = e
	}
	return s
}

// request looks like the provider's request ids: a UUID.
func request(n uint32) string {
	x := uint64(n) * 0x9e3779b97f4a7c15
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(x), uint16(x>>32), uint16(x>>48)&0xfff, uint16(n)&0xfff, x>>16)
}

package linesim

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"hayauma.example/actors/provider/line"
)

// Manner is how a decision reaches the client.
type Manner uint8

// The manners.
const (
	Answered Manner = iota
	Held            // never answered
	Cut             // the connection is reset
)

// Decision is what one request gets.
type Decision struct {
	Manner            Manner
	Status            int
	RequestID         uuid.UUID
	AcceptedRequestID uuid.UUID // of the request that was accepted earlier under the key, on 409

	refused *refusal
	sent    sent
}

// sent are a push's message ids: all follow from the number of the accepted request, so that a repeat tells the same.
type sent struct {
	number      uint64
	n, quotable uint8
}

// What LINE says.
var (
	saysUnauthorized = refusal{status: 401,
		message: "Authentication failed due to the following reason: invalid token. Confirm that the access token in the authorization header is valid."}
	saysRateLimit    = refusal{status: 429, message: line.SaysRateLimit}
	saysMonthlyLimit = refusal{status: 429, message: line.SaysMonthlyLimit}
	saysConcurrency  = refusal{status: 429, message: "The maximum number of concurrent operations has been reached. Try again later."}
	saysAccepted     = refusal{status: 409, message: line.SaysKeyAccepted}
	saysBadKey       = refusal{status: 400, message: "The value of the header X-Line-Retry-Key is invalid for this request"}
	saysFailed       = refusal{status: 400, message: line.SaysNoUser}
	saysTooLarge     = refusal{status: 413, message: "Request Entity Too Large"}
	saysMediaType    = refusal{status: 415, message: "The content type is not supported: use application/json"}
	saysError        = refusal{status: 500, message: "Internal server error"}
)

func refuse(r *refusal) Decision { return Decision{Status: r.status, refused: r} }

// requestID turns a request's number into an id that looks like LINE's and is never zero.
func requestID(number uint64) uuid.UUID {
	var id uuid.UUID
	mixed := number * 0x9E3779B97F4A7C15 // Fibonacci hashing: odd factor, so different numbers stay different
	mixed ^= mixed >> 29
	binary.BigEndian.PutUint64(id[:8], mixed)
	binary.BigEndian.PutUint64(id[8:], number)
	id[6] = id[6]&0x0F | 0x40 // version 4
	id[8] = id[8]&0x3F | 0x80 // RFC 9562 variant
	return id
}

// header writes the decision's headers.
func (d *Decision) header(h http.Header) {
	h["Content-Type"] = []string{"application/json"}
	h["X-Line-Request-Id"] = []string{d.RequestID.String()}
	if d.AcceptedRequestID != uuid.Nil {
		h["X-Line-Accepted-Request-Id"] = []string{d.AcceptedRequestID.String()}
	}
}

// appendBody writes the decision's JSON.
func (d *Decision) appendBody(dst []byte) []byte {
	dst = append(dst, '{')
	if r := d.refused; r != nil {
		dst = append(append(dst, `"message":`...), quoted(r.message)...)
		if r.problem != "" {
			dst = append(append(dst, `,"details":[{"message":`...), quoted(r.problem)...)
			dst = append(append(append(dst, `,"property":`...), quoted(r.property)...), "}]"...)
		}
	}
	if d.sent.n > 0 {
		if d.refused != nil {
			dst = append(dst, ',')
		}
		dst = d.sent.append(dst)
	}
	return append(dst, '}')
}

// firstMessage makes message ids as long as LINE's.
const firstMessage = 461230966842064897

func (s sent) append(dst []byte) []byte {
	dst = append(dst, `"sentMessages":[`...)
	for i := range uint64(s.n) {
		if i > 0 {
			dst = append(dst, ',')
		}
		id := firstMessage + s.number*maxMessages + i
		dst = strconv.AppendUint(append(dst, `{"id":"`...), id, 10)
		if s.quotable&(1<<i) != 0 {
			dst = strconv.AppendUint(append(dst, `","quoteToken":"q`...), id*0x9E3779B97F4A7C15, 36)
		}
		dst = append(dst, `"}`...)
	}
	return append(dst, ']')
}

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // a string always marshals
	}
	return b
}

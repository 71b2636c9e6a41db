package message

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"hayauma.example/actors"
)

// What reminders carry is on disk: it is written and read as it was from the beginning.
func TestPayloadsNeverChange(t *testing.T) {
	for stored, m := range map[string]actors.NewMessage{
		"81a16dc4045b7b7d5d": {Messages: []byte("[{}]")},
		"85a16dc4045b7b7d5da165d30000000df8475800a174a46e657773a17aaa417369612f546f6b796fa175c3": {
			Messages: []byte("[{}]"), Expire: time.Minute, Topic: "news", Zone: "Asia/Tokyo", Urgent: true},
	} {
		data, err := hex.DecodeString(stored)
		if err != nil {
			t.Fatal(err)
		}
		want := payloadOf(m)
		if got := want.pack(); !bytes.Equal(got, data) {
			t.Errorf("written as %x, want %s", got, stored)
		}
		if got, err := unpackPayload(data); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v (%v), want %+v", stored, got, err, want)
		}
	}
}

package reliable_test

import (
	"fmt"
	"time"

	"hayauma.example/engine/reliable"
)

// Parcels are lost and receipts too, and every item arrives once and in order. Two actors would hold the ends, and send what they return.
func Example() {
	sender := reliable.NewSender[string](reliable.Options{Session: "01J"}, 0, nil)
	receiver := reliable.NewReceiver[string](2, "", 0)
	for _, item := range []string{"one", "two", "three"} {
		if err := sender.Offer(item); err != nil {
			panic(err)
		}
	}
	var now time.Duration
	for lost := 0; sender.Waiting() > 0; now += time.Second {
		for _, parcel := range sender.Due(now) {
			if lost++; lost%3 == 1 {
				continue // the wire loses every third
			}
			for _, item := range receiver.Accept(parcel) {
				fmt.Println(item)
				receiver.Handled(1)
			}
			sender.Heed(receiver.Receipt())
		}
	}
	// Output:
	// one
	// two
	// three
}

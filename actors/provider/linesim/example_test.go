package linesim_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/provider/linesim"
)

// A client of package line against a simulator that hides its first acceptance.
func ExampleServer() {
	server := linesim.NewServer(linesim.Options{Faults: linesim.Faults{ErrorAfter: 1}})
	web := httptest.NewServer(server)
	defer web.Close()
	defer server.Close()
	client, err := line.New(line.Config{Endpoint: web.URL, Token: func() (string, error) { return "secret", nil }})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := provider.Call{
		Endpoint: provider.Push,
		Key:      uuid.NewSHA1(uuid.NameSpaceOID, []byte("run | window | chunk | path")),
		To:       []string{"U4af4980629000000000000000000abcd"},
		Messages: []byte(`[{"type":"text","text":"Hello"}]`),
	}
	first := client.Send(context.Background(), call)
	server.Sim.SetFaults(linesim.Faults{})
	second := client.Send(context.Background(), call) // same key, same bytes
	fmt.Println(first.Verdict == provider.Doubtful, second.Verdict == provider.Accepted, second.Status)
	fmt.Println(server.Sim.Ledger().Deliveries, "delivery")
	// Output:
	// true true 409
	// 1 delivery
}

// The same core without sockets.
func ExampleSim_Provider() {
	faults, err := linesim.ParseFaults("429-monthly=1")
	if err != nil {
		fmt.Println(err)
		return
	}
	sim := linesim.New(linesim.Options{Faults: faults})
	answer := sim.Provider("secret").Send(context.Background(), provider.Call{
		To: []string{"U4af4980629000000000000000000abcd"}, Key: uuid.New(), Messages: []byte(`[{"type":"text","text":"Hello"}]`),
	})
	fmt.Println(answer.Verdict == provider.OverQuota, answer.Reason)
	// Output: true You have reached your monthly limit.
}

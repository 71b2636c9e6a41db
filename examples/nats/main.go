// Command nats submits a campaign over NATS and follows what happens to it. It uses nothing of Hayauma, only the NATS client.
//
//	hayauma serve --nats-listen 127.0.0.1:4222 --nats-api --publish-events
//	go run ./examples/nats -campaign campaign.json -audience friends.csv -key spring-2026
//
// With the same key and content it may be repeated, whatever became of the first time. HAYAUMA_TOKEN is the daemon's token, if it has one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	url := flag.String("nats", nats.DefaultURL, "the NATS server")
	campaign := flag.String("campaign", "campaign.json", "file with the campaign, in JSON")
	audience := flag.String("audience", "audience.csv", "file with the audience, in CSV; less than 1 MiB with the campaign")
	key := flag.String("key", "", "idempotency key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *url, *campaign, *audience, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, campaign, audience, key string) error {
	conn, err := nats.Connect(url, nats.UserInfo("client", os.Getenv("HAYAUMA_TOKEN")), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer conn.Close()
	id, err := submit(ctx, conn, campaign, audience, key)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "submitted", id)
	return follow(ctx, conn, id)
}

// submit sends a small campaign in one message.
func submit(ctx context.Context, conn *nats.Conn, campaign, audience, key string) (id string, err error) {
	definition, err := os.ReadFile(campaign)
	if err != nil {
		return "", err
	}
	rows, err := os.ReadFile(audience)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]any{"campaign": json.RawMessage(definition), "audience": string(rows)})
	if err != nil {
		return "", err
	}
	request := nats.NewMsg("hayauma.v1.submit-campaign")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("HAYAUMA_TOKEN"))
	request.Header.Set("Idempotency-Key", key)
	request.Data = body
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	answer, err := conn.RequestMsgWithContext(ctx, request)
	if err != nil {
		return "", err
	}
	if status := answer.Header.Get("Hayauma-Status"); status != "202" {
		return "", fmt.Errorf("%s: %s", status, answer.Data)
	}
	var submitted struct{ ID string }
	return submitted.ID, json.Unmarshal(answer.Data, &submitted)
}

// follow prints a campaign's events until it is over. They are kept, so it doesn't matter when it begins, nor how often the daemon starts
// again meanwhile.
func follow(ctx context.Context, conn *nats.Conn, id string) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	events, err := js.OrderedConsumer(ctx, "PUB", jetstream.OrderedConsumerConfig{FilterSubjects: []string{"pub.campaign." + id}})
	if err != nil {
		return err
	}
	messages, err := events.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if errors.Is(err, jetstream.ErrNoHeartbeat) {
			continue // the daemon, and its NATS server, starts again
		}
		if err != nil {
			return err
		}
		var event struct {
			Type   string
			Number int
			Data   json.RawMessage
		}
		if err := json.Unmarshal(m.Data(), &event); err != nil {
			return err
		}
		fmt.Fprintln(os.Stdout, event.Number, event.Type, string(event.Data))
		if event.Type == "campaign.finished" {
			return nil
		}
	}
}

package linesim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

// sdk is LINE's own client, which knows nothing of ours, against the simulator.
func sdk(t *testing.T, o linesim.Options) (*messaging_api.MessagingApiAPI, *linesim.Server) {
	t.Helper()
	server := linesim.NewServer(o)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	client, err := messaging_api.NewMessagingApiAPI("token", messaging_api.WithEndpoint(web.URL))
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

const sdkKey = "123e4567-e89b-12d3-a456-426614174000"

func sdkText(s string) []messaging_api.MessageInterface {
	return []messaging_api.MessageInterface{messaging_api.TextMessage{Text: s}}
}

func TestSDKPush(t *testing.T) {
	client, server := sdk(t, linesim.Options{})
	push := &messaging_api.PushMessageRequest{To: providertest.User(1), Messages: sdkText("hello")}
	r, first, err := client.PushMessageWithHttpInfo(push, sdkKey)
	if err != nil || r.StatusCode != 200 || len(first.SentMessages) != 1 || first.SentMessages[0].Id == "" || first.SentMessages[0].QuoteToken == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, _, err := client.PushMessageWithHttpInfo(push, sdkKey)
	if err == nil || again.StatusCode != 409 || again.Header.Get("x-line-accepted-request-id") != r.Header.Get("x-line-request-id") {
		t.Fatalf("a repeat got %+v, %v", again, err)
	}
	if !strings.Contains(err.Error(), first.SentMessages[0].Id) {
		t.Errorf("the repeat doesn't tell message %s: %v", first.SentMessages[0].Id, err)
	}
	if _, err := client.PushMessage(push, ""); err != nil { // the SDK sends an empty key here
		t.Errorf("without a key: %v", err)
	}
	if l := server.Sim.Ledger(); l.Deliveries != 2 || l.Duplicates != 1 || l.Conflicts != 1 || l.Requests.Push != 3 {
		t.Errorf("the ledger has %+v", l)
	}
	server.Sim.Forget(providertest.User(2))
	_, err = client.PushMessage(&messaging_api.PushMessageRequest{To: providertest.User(2), Messages: sdkText("x")}, "")
	if err == nil || !strings.Contains(err.Error(), "Failed to send messages") {
		t.Errorf("an unknown user got %v", err)
	}
}

func TestSDKMulticastAndQuota(t *testing.T) {
	client, server := sdk(t, linesim.Options{Quota: new(int64(3))})
	to := []string{providertest.User(1), providertest.User(2)}
	if _, err := client.Multicast(&messaging_api.MulticastRequest{To: to, Messages: sdkText("all")}, sdkKey); err != nil {
		t.Fatal(err)
	}
	limit, err := client.GetMessageQuota()
	if err != nil || limit.Type != messaging_api.QuotaType_LIMITED || limit.Value != 3 {
		t.Errorf("quota %+v, %v", limit, err)
	}
	used, err := client.GetMessageQuotaConsumption()
	if err != nil || used.TotalUsage != 2 {
		t.Errorf("consumption %+v, %v", used, err)
	}
	_, err = client.Multicast(&messaging_api.MulticastRequest{To: to, Messages: sdkText("more")}, "")
	if err == nil || !strings.Contains(err.Error(), "You have reached your monthly limit.") {
		t.Errorf("beyond the limit: %v", err)
	}
	if l := server.Sim.Ledger(); l.Users != 2 || l.Deliveries != 2 || l.Requests.Multicast != 2 {
		t.Errorf("the ledger has %+v", l)
	}
}

func TestSDKValidation(t *testing.T) {
	client, server := sdk(t, linesim.Options{})
	if _, err := client.ValidatePush(&messaging_api.ValidateMessageRequest{Messages: sdkText("x")}); err != nil {
		t.Error(err)
	}
	if _, err := client.ValidateMulticast(&messaging_api.ValidateMessageRequest{Messages: sdkText("")}); err == nil {
		t.Error("a text message without text passed")
	}
	if l := server.Sim.Ledger(); l.Deliveries != 0 {
		t.Errorf("the ledger has %+v", l)
	}
}

// What the SDK reads and writes again, it understands; the simulator must accept its spelling of every kind of message.
func TestSDKSendsEveryKindOfMessage(t *testing.T) {
	client, server := sdk(t, linesim.Options{})
	flex, err := messaging_api.UnmarshalFlexContainer([]byte(`{"type":"bubble","body":{"type":"box","layout":"vertical","contents":[{"type":"text","text":"x"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	url := "https://example.com/a.jpg"
	uri := &messaging_api.UriAction{Label: "Open", Uri: url}
	kinds := []messaging_api.MessageInterface{
		messaging_api.TextMessage{Text: "x"},
		messaging_api.TextMessageV2{Text: "x"},
		messaging_api.StickerMessage{PackageId: "446", StickerId: "1988"},
		messaging_api.ImageMessage{OriginalContentUrl: url, PreviewImageUrl: url},
		messaging_api.VideoMessage{OriginalContentUrl: url, PreviewImageUrl: url},
		messaging_api.AudioMessage{OriginalContentUrl: url, Duration: 1000},
		messaging_api.LocationMessage{Title: "t", Address: "a", Latitude: 1, Longitude: 2},
		messaging_api.ImagemapMessage{BaseUrl: url, AltText: "a", BaseSize: &messaging_api.ImagemapBaseSize{Width: 1040, Height: 1040},
			Actions: []messaging_api.ImagemapActionInterface{
				&messaging_api.UriImagemapAction{LinkUri: url, Area: &messaging_api.ImagemapArea{X: 1, Y: 1, Width: 10, Height: 10}}}},
		messaging_api.TemplateMessage{AltText: "a", Template: &messaging_api.ConfirmTemplate{Text: "?", Actions: []messaging_api.ActionInterface{uri, uri}}},
		messaging_api.FlexMessage{AltText: "a", Contents: flex},
		messaging_api.CouponMessage{CouponId: "c"},
	}
	for i, m := range kinds {
		if _, err := client.PushMessage(&messaging_api.PushMessageRequest{To: providertest.User(i), Messages: []messaging_api.MessageInterface{m}}, ""); err != nil {
			text, _ := json.Marshal(m) // for the failure's words only
			t.Errorf("%T: %v\n%s", m, err, text)
		}
	}
	if l := server.Sim.Ledger(); l.Deliveries != len(kinds) {
		t.Errorf("%d of %d were accepted", l.Deliveries, len(kinds))
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 || r.Header.Get("X-Line-Request-Id") == "" {
		t.Fatalf("%s: %s, %v", url, r.Status, err)
	}
	return string(body)
}

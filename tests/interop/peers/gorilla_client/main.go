// gorilla/websocket as a client of `make interop`. Commands come on standard input and events
// leave on standard output, a line of JSON each; tests/interop/clients.mjs says which.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

type object map[string]interface{}

type command struct {
	Do        string
	URL       string
	Protocols []string
	Fragment  int
	Type      string
	Data      string
	Size      int
	Code      int
	Reason    string
}

func say(event object) {
	line, _ := json.Marshal(event)
	fmt.Println(string(line))
}

func pattern(kind int, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		if kind == websocket.TextMessage {
			data[i] = byte(97 + i%26)
		} else {
			data[i] = byte(i % 251)
		}
	}
	return data
}

func told(kind int, data []byte) {
	event := object{"event": "binary", "size": len(data)}
	if kind == websocket.TextMessage {
		event["event"] = "text"
	}
	if len(data) > 200 {
		event["pattern"] = bytes.Equal(data, pattern(kind, len(data)))
	} else if kind == websocket.TextMessage {
		event["data"] = string(data)
	} else {
		event["data"] = hex.EncodeToString(data)
	}
	say(event)
}

func receive(connection *websocket.Conn) {
	defer connection.Close()
	connection.SetPongHandler(func(data string) error {
		say(object{"event": "pong", "data": data})
		return nil
	})
	for {
		kind, data, err := connection.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			say(object{"event": "closed", "code": closed.Code, "reason": closed.Text})
		} else if err != nil {
			say(object{"event": "error", "message": err.Error()})
		}
		if err != nil {
			return
		}
		told(kind, data)
	}
}

func connect(c command) *websocket.Conn {
	// A small write buffer makes fragments: a frame leaves whenever it is full.
	dialer := websocket.Dialer{Subprotocols: c.Protocols, WriteBufferSize: c.Fragment}
	connection, response, err := dialer.Dial(c.URL, nil)
	if err == websocket.ErrBadHandshake {
		say(object{"event": "refused", "status": response.StatusCode})
	} else if err != nil {
		say(object{"event": "error", "message": err.Error()})
	} else {
		say(object{"event": "open", "protocol": connection.Subprotocol()})
		go receive(connection)
	}
	return connection
}

func obey(connection *websocket.Conn, c command) error {
	soon := time.Now().Add(5 * time.Second)
	switch c.Do {
	case "text":
		return connection.WriteMessage(websocket.TextMessage, []byte(c.Data))
	case "binary":
		data, _ := hex.DecodeString(c.Data)
		return connection.WriteMessage(websocket.BinaryMessage, data)
	case "pattern":
		kind := websocket.BinaryMessage
		if c.Type == "text" {
			kind = websocket.TextMessage
		}
		return connection.WriteMessage(kind, pattern(kind, c.Size))
	case "ping":
		return connection.WriteControl(websocket.PingMessage, []byte(c.Data), soon)
	case "close":
		body := websocket.FormatCloseMessage(c.Code, c.Reason)
		return connection.WriteControl(websocket.CloseMessage, body, soon)
	}
	return fmt.Errorf("unknown command %q", c.Do)
}

func main() {
	var connection *websocket.Conn
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			say(object{"event": "error", "message": err.Error()})
		} else if c.Do == "connect" {
			connection = connect(c)
		} else if err := obey(connection, c); err != nil {
			say(object{"event": "error", "message": err.Error()})
		}
	}
}

// gorilla/websocket as a server of `make interop`: an echo on a free port. A text message that
// begins with "!" is a command: !close CODE REASON, !ping DATA, !fragments. What it saw goes to
// standard output, a line each.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// A small write buffer for !fragments: a frame leaves whenever it is full.
var whole = websocket.Upgrader{Subprotocols: []string{"chat"}}
var fragmented = websocket.Upgrader{Subprotocols: []string{"chat"}, WriteBufferSize: 6}

func obey(connection *websocket.Conn, kind int, message []byte) error {
	words := strings.SplitN(string(message), " ", 3)
	soon := time.Now().Add(5 * time.Second)
	switch {
	case kind == websocket.TextMessage && words[0] == "!close":
		code, _ := strconv.Atoi(words[1])
		body := websocket.FormatCloseMessage(code, words[2])
		return connection.WriteControl(websocket.CloseMessage, body, soon)
	case kind == websocket.TextMessage && words[0] == "!ping":
		return connection.WriteControl(websocket.PingMessage, []byte(words[1]), soon)
	case kind == websocket.TextMessage && words[0] == "!fragments":
		writer, err := connection.NextWriter(websocket.TextMessage)
		if err != nil {
			return err
		}
		writer.Write([]byte("one, two, grüße"))
		return writer.Close()
	}
	return connection.WriteMessage(kind, message)
}

func converse(w http.ResponseWriter, r *http.Request) {
	upgrader := &whole
	if r.URL.Path == "/fragments" {
		upgrader = &fragmented
	}
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	connection.SetPongHandler(func(data string) error {
		fmt.Println("pong", data)
		return nil
	})
	for {
		kind, message, err := connection.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			fmt.Println("closed", closed.Code, closed.Text)
		}
		if err != nil {
			return
		}
		if err := obey(connection, kind, message); err != nil {
			return
		}
	}
}

func main() {
	http.HandleFunc("/ws", converse)
	http.HandleFunc("/fragments", converse)
	http.HandleFunc("/refused", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "refused", http.StatusForbidden)
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "a page of gorilla")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}

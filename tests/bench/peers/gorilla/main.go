// gorilla/websocket as a server of `make bench`: gorilla --port N [--fan-out]. No compression;
// write buffers are shared, as its documentation advises for many connections. Fan-out encodes a
// message once (PreparedMessage).
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{WriteBufferPool: &sync.Pool{}}

type room struct {
	sync.Mutex
	members map[*websocket.Conn]bool
}

func (r *room) send(from *websocket.Conn, kind int, message []byte) {
	prepared, err := websocket.NewPreparedMessage(kind, message)
	if err != nil {
		return
	}
	r.Lock()
	defer r.Unlock()
	for member := range r.members {
		if member != from {
			member.WritePreparedMessage(prepared)
		}
	}
}

func main() {
	port := flag.Int("port", 0, "")
	fanOut := flag.Bool("fan-out", false, "")
	flag.Parse()
	everyone := room{members: map[*websocket.Conn]bool{}}
	http.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		connection, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer connection.Close()
		if *fanOut {
			everyone.Lock()
			everyone.members[connection] = true
			everyone.Unlock()
			defer func() {
				everyone.Lock()
				delete(everyone.members, connection)
				everyone.Unlock()
			}()
		}
		for {
			kind, message, err := connection.ReadMessage()
			if err != nil {
				return
			}
			if *fanOut {
				everyone.send(connection, kind, message)
			} else if connection.WriteMessage(kind, message) != nil {
				return
			}
		}
	})
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("gorilla on :%d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}

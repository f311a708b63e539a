// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.apache.qpid.protonj2.client.Client;
import org.apache.qpid.protonj2.client.Connection;
import org.apache.qpid.protonj2.client.ConnectionOptions;
import org.apache.qpid.protonj2.client.Message;
import org.apache.qpid.protonj2.client.Sender;
import org.apache.qpid.protonj2.client.Tracker;
import org.apache.qpid.protonj2.client.exceptions.ClientException;

/** Apache Qpid's ProtonJ2 client. It has no callbacks: its trackers are asked, the oldest first. */
final class ProtonJ2Client implements PeerClient {
    private static final long DEADLINE_SECONDS = 30;

    private final Endpoint endpoint;
    private final Client client = Client.create();

    ProtonJ2Client(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        ConnectionOptions options =
                new ConnectionOptions().user(endpoint.identity(identity)).password("none");
        options.sslEnabled(true).sslOptions().sslContextOverride(SinkTrust.context(endpoint.trust()));
        if (endpoint.way().isWebSocket()) {
            options.transportOptions().useWebSockets(true).webSocketPath("/$iothub/websocket");
        }
        Connection connection = client.connect(endpoint.host(), endpoint.port(), options);
        connection.openFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        Sender sender = connection.openSender("devices/" + endpoint.identity(identity) + "/messages/events");
        sender.openFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        return new Link(connection, sender, acks);
    }

    @Override
    public String tls() {
        return "JDK";
    }

    @Override
    public void close() {
        client.close();
    }

    private static final class Link implements PeerConnection {
        private final Connection connection;
        private final Sender sender;
        private final AckListener acks;
        private final Deque<Tracker> unsettled = new ArrayDeque<>();

        private Link(Connection connection, Sender sender, AckListener acks) {
            this.connection = connection;
            this.sender = sender;
            this.acks = acks;
        }

        @Override
        public void send(byte[] payload) throws ClientException {
            unsettled.add(sender.send(message(payload)));
        }

        @Override
        public void sendAndWait(byte[] payload) throws ClientException {
            sender.send(message(payload)).awaitAccepted(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }

        private static Message<byte[]> message(byte[] payload) throws ClientException {
            Message<byte[]> message = Message.create(payload);
            for (int i = 0; i < Endpoint.Properties.NAMES.length; i++) {
                message.property(Endpoint.Properties.NAMES[i], Endpoint.Properties.VALUES[i]);
            }
            return message;
        }

        @Override
        public boolean collect() throws ClientException {
            unsettled.remove().awaitAccepted(DEADLINE_SECONDS, TimeUnit.SECONDS);
            acks.acknowledged();
            return true;
        }

        @Override
        public void close() throws Exception {
            connection.closeAsync().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }
    }
}

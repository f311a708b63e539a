// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import jakarta.jms.BytesMessage;
import jakarta.jms.CompletionListener;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import org.apache.qpid.jms.JmsConnectionFactory;

/** Apache Qpid JMS: asynchronous sends with a completion listener. */
final class QpidJmsClient implements PeerClient {
    private final Endpoint endpoint;

    QpidJmsClient(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        String place = endpoint.host() + ":" + endpoint.port();
        String uri = endpoint.way().isWebSocket() ? "amqpwss://" + place + "/$iothub/websocket" : "amqps://" + place;
        JmsConnectionFactory factory = new JmsConnectionFactory(endpoint.identity(identity), "none", uri);
        factory.setSslContext(SinkTrust.context(endpoint.trust()));
        Connection connection = factory.createConnection();
        connection.setExceptionListener(acks::failed);
        connection.start();
        Session session = connection.createSession(Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = session.createProducer(
                session.createQueue("devices/" + endpoint.identity(identity) + "/messages/events"));
        return new Producer(connection, session, producer, acks);
    }

    @Override
    public String tls() {
        return "JDK";
    }

    @Override
    public void close() {
        // each connection has threads of its own
    }

    private static final class Producer implements PeerConnection, CompletionListener {
        private final Connection connection;
        private final Session session;
        private final MessageProducer producer;
        private final AckListener acks;

        private Producer(Connection connection, Session session, MessageProducer producer, AckListener acks) {
            this.connection = connection;
            this.session = session;
            this.producer = producer;
            this.acks = acks;
        }

        @Override
        public void send(byte[] payload) throws JMSException {
            producer.send(message(payload), this);
        }

        @Override
        public void sendAndWait(byte[] payload) throws JMSException {
            producer.send(message(payload));
        }

        private BytesMessage message(byte[] payload) throws JMSException {
            BytesMessage message = session.createBytesMessage();
            message.writeBytes(payload);
            for (int i = 0; i < Endpoint.Properties.NAMES.length; i++) {
                message.setStringProperty(Endpoint.Properties.NAMES[i], Endpoint.Properties.VALUES[i]);
            }
            return message;
        }

        @Override
        public void onCompletion(Message message) {
            acks.acknowledged();
        }

        @Override
        public void onException(Message message, Exception exception) {
            acks.failed(exception);
        }

        @Override
        public void close() throws JMSException {
            connection.close();
        }
    }
}

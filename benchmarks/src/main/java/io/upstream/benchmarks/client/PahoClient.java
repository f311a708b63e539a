// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Way;
import org.eclipse.paho.client.mqttv3.IMqttActionListener;
import org.eclipse.paho.client.mqttv3.IMqttToken;
import org.eclipse.paho.client.mqttv3.MqttAsyncClient;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.MqttException;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;

/** Eclipse Paho for MQTT 3.1.1: asynchronous API, memory persistence, its limit of ten in flight raised above the window. */
final class PahoClient implements PeerClient {
    private static final long DEADLINE_MILLIS = 30_000;

    /** A message leaves Paho's count only after its listener has run. */
    private static final int SLACK = 2;

    private final Endpoint endpoint;

    PahoClient(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        String place = endpoint.host() + ":" + endpoint.port();
        String uri = switch (endpoint.way()) {
            case MQTT -> "tcp://" + place;
            case MQTT_TLS -> "ssl://" + place;
            case MQTT_WS -> "wss://" + place + "/$iothub/websocket";
            default -> throw new IllegalArgumentException("Paho does not speak " + endpoint.way());
        };
        MqttConnectOptions options = new MqttConnectOptions();
        options.setMqttVersion(MqttConnectOptions.MQTT_VERSION_3_1_1);
        options.setMaxInflight(SLACK * endpoint.window() + 10);
        if (endpoint.way() != Way.MQTT) {
            options.setSocketFactory(SinkTrust.context(endpoint.trust()).getSocketFactory());
        }
        MqttAsyncClient client = new MqttAsyncClient(uri, endpoint.identity(identity), new MemoryPersistence());
        client.connect(options).waitForCompletion(DEADLINE_MILLIS);
        return new Connection(client, endpoint.topic(identity), acks);
    }

    @Override
    public String tls() {
        return "JDK";
    }

    @Override
    public void close() {
        // each connection has threads of its own
    }

    private static final class Connection implements PeerConnection, IMqttActionListener {
        private final MqttAsyncClient client;
        private final String topic;
        private final AckListener acks;

        private Connection(MqttAsyncClient client, String topic, AckListener acks) {
            this.client = client;
            this.topic = topic;
            this.acks = acks;
        }

        @Override
        public void send(byte[] payload) throws MqttException {
            client.publish(topic, message(payload), null, this);
        }

        @Override
        public void sendAndWait(byte[] payload) throws MqttException {
            client.publish(topic, message(payload)).waitForCompletion(DEADLINE_MILLIS);
        }

        private static MqttMessage message(byte[] payload) {
            MqttMessage message = new MqttMessage(payload);
            message.setQos(1);
            return message;
        }

        @Override
        public void onSuccess(IMqttToken token) {
            acks.acknowledged();
        }

        @Override
        public void onFailure(IMqttToken token, Throwable cause) {
            acks.failed(cause);
        }

        @Override
        public void close() throws MqttException {
            client.disconnect().waitForCompletion(DEADLINE_MILLIS);
            client.close();
        }
    }
}

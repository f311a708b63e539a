// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.hivemq.client.mqtt.MqttClientSslConfig;
import com.hivemq.client.mqtt.MqttWebSocketConfig;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.datatypes.MqttTopic;
import com.hivemq.client.mqtt.mqtt3.Mqtt3AsyncClient;
import com.hivemq.client.mqtt.mqtt3.Mqtt3Client;
import com.hivemq.client.mqtt.mqtt3.Mqtt3ClientBuilder;
import com.hivemq.client.mqtt.mqtt3.message.publish.Mqtt3Publish;
import io.upstream.benchmarks.load.Way;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** HiveMQ's MQTT client: asynchronous API, MQTT 3.1.1, the topic validated once for all messages. */
final class HiveMqClient implements PeerClient {
    private static final long DEADLINE_SECONDS = 30;

    private final Endpoint endpoint;

    HiveMqClient(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        Mqtt3ClientBuilder builder = Mqtt3Client.builder()
                .identifier(endpoint.identity(identity))
                .serverHost(endpoint.host())
                .serverPort(endpoint.port());
        if (endpoint.way() != Way.MQTT) {
            builder = builder.sslConfig(MqttClientSslConfig.builder()
                    .trustManagerFactory(SinkTrust.factory(endpoint.trust()))
                    .build());
        }
        if (endpoint.way().isWebSocket()) {
            builder = builder.webSocketConfig(MqttWebSocketConfig.builder()
                    .serverPath("$iothub/websocket")
                    .subprotocol("mqtt")
                    .build());
        }
        Mqtt3AsyncClient client = builder.buildAsync();
        client.connect().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        return new Connection(client, MqttTopic.of(endpoint.topic(identity)), acks);
    }

    @Override
    public String tls() {
        return "JDK";
    }

    @Override
    public void close() {
        // the library keeps its threads for the length of the process
    }

    private static final class Connection implements PeerConnection {
        private final Mqtt3AsyncClient client;
        private final MqttTopic topic;
        private final BiConsumer<Mqtt3Publish, Throwable> done;

        private Connection(Mqtt3AsyncClient client, MqttTopic topic, AckListener acks) {
            this.client = client;
            this.topic = topic;
            this.done = acks::done;
        }

        @Override
        public void send(byte[] payload) {
            publish(payload).whenComplete(done);
        }

        @Override
        public void sendAndWait(byte[] payload) throws Exception {
            publish(payload).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }

        private CompletableFuture<Mqtt3Publish> publish(byte[] payload) {
            return client.publishWith()
                    .topic(topic)
                    .qos(MqttQos.AT_LEAST_ONCE)
                    .payload(payload)
                    .send();
        }

        @Override
        public void close() throws Exception {
            client.disconnect().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }
    }
}

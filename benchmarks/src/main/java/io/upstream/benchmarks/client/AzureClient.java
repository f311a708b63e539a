// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.microsoft.azure.sdk.iot.device.ClientOptions;
import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.MessageSentCallback;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import io.upstream.benchmarks.load.Way;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Microsoft's device client for IoT Hubs. It takes no port: the sink listens at the well-known ones. Its defaults send ten messages per 10 ms;
 * {@link Pace#RAISED} is the fastest that its options allow.
 */
final class AzureClient implements PeerClient {
    private static final int RAISED_MESSAGES = 10_000;

    private final Endpoint endpoint;
    private final Pace pace;

    /** How often the client's timer sends, and how much. */
    enum Pace {
        DEFAULT,
        RAISED
    }

    AzureClient(Endpoint endpoint, Pace pace) {
        this.endpoint = endpoint;
        this.pace = pace;
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        ClientOptions.ClientOptionsBuilder options =
                ClientOptions.builder().sslContext(SinkTrust.context(endpoint.trust()));
        if (pace == Pace.RAISED) {
            options.messagesSentPerSendInterval(RAISED_MESSAGES).sendInterval(1).receiveInterval(1);
        }
        DeviceClient client = device(endpoint, identity, options.build());
        client.open(false);
        return new Device(client, acks);
    }

    /** A client that is not open yet. */
    static DeviceClient device(Endpoint endpoint, int identity, ClientOptions options) {
        String connectionString = "HostName=" + endpoint.host() + ";DeviceId=" + endpoint.identity(identity)
                + ";SharedAccessKey=" + Base64.getEncoder().encodeToString(new byte[32]);
        return new DeviceClient(connectionString, protocol(endpoint.way()), options);
    }

    static IotHubClientProtocol protocol(Way way) {
        return switch (way) {
            case MQTT_TLS -> IotHubClientProtocol.MQTT;
            case MQTT_WS -> IotHubClientProtocol.MQTT_WS;
            case AMQP_TLS -> IotHubClientProtocol.AMQPS;
            case AMQP_WS -> IotHubClientProtocol.AMQPS_WS;
            case MQTT -> throw new IllegalArgumentException("Microsoft's client always uses TLS");
        };
    }

    @Override
    public String tls() {
        return "JDK";
    }

    @Override
    public void close() {
        // each connection has threads of its own
    }

    static final class Device implements PeerConnection, MessageSentCallback {
        private final DeviceClient client;
        private final AckListener acks;

        private Device(DeviceClient client, AckListener acks) {
            this.client = client;
            this.acks = acks;
        }

        @Override
        public void send(byte[] payload) {
            client.sendEventAsync(message(payload), this, null);
        }

        @Override
        public void sendAndWait(byte[] payload) throws Exception {
            client.sendEvent(message(payload));
        }

        static Message message(byte[] payload) {
            Message message = new Message(payload);
            for (int i = 0; i < Endpoint.Properties.NAMES.length; i++) {
                message.setProperty(Endpoint.Properties.NAMES[i], Endpoint.Properties.VALUES[i]);
            }
            return message;
        }

        @Override
        public void onMessageSent(Message message, @Nullable IotHubClientException failure, @Nullable Object context) {
            acks.done(null, failure);
        }

        @Override
        public void close() {
            client.close();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.channel.Channel;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.upstream.Anonymous;
import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.Failures;
import io.upstream.connect.PipelineNames;
import io.upstream.connect.StageLimit;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The last layer: CONNECT and CONNACK. From the CONNACK on the session hears all packets, those in the same read included.
 *
 * <p>A hub is told its own user name form and a token, and keeps the session's state (clean session 0), so that messages for the device
 * wait for it. Any other broker is told the identity as client id, the user name and password as they are, and keeps nothing. Source:
 * the hub's guide to MQTT, "Using the MQTT protocol directly".
 */
final class MqttLogin implements ConnectStage {
    private static final StageLimit LIMIT = StageLimit.of(Duration.ofSeconds(30));

    private final SessionSetup setup;
    private final Credentials shown;
    private final MqttConnectMessage connect;
    private final InFlight inFlight;
    private final Consumer<MqttLink> welcome;
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private volatile @Nullable Channel begun;
    private volatile Answered answered = Answered.NOT_YET;

    private enum Answered {
        NOT_YET,
        WELCOME
    }

    /**
     * For one connection.
     *
     * @param credentials a {@link SasToken} in place of what it came from: the source of tokens is asked before
     * @param inFlight the session's
     * @param welcome told when the hub has accepted the identity, on the event loop, before anything that comes after that is read
     */
    MqttLogin(SessionSetup setup, Credentials credentials, InFlight inFlight, Consumer<MqttLink> welcome) {
        this.setup = setup;
        this.shown = credentials;
        this.inFlight = inFlight;
        this.welcome = welcome;
        this.connect = connect(setup, credentials);
    }

    @Override
    public String name() {
        return "mqtt";
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    /** Whether the hub has accepted the identity. */
    boolean isWelcome() {
        return answered == Answered.WELCOME;
    }

    /** Runs {@code then} when the channel on which this began is closed; at once if it did not begin. */
    void whenGone(Runnable then) {
        Channel channel = begun;
        if (channel == null || !channel.isOpen()) {
            then.run();
        } else {
            channel.closeFuture().addListener(closed -> then.run());
        }
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        begun = channel;
        MqttFrameReader reader =
                new MqttFrameReader(channel, where, setup.dialect().cloudTopic(), new Answer(channel, where));
        PipelineNames.append(
                channel.pipeline(),
                PipelineNames.CODEC,
                new CombinedChannelDuplexHandler<>(reader, MqttEncoder.INSTANCE));
        channel.writeAndFlush(connect).addListener(written -> {
            if (!written.isSuccess()) {
                outcome.completeExceptionally(Failures.translate(written.cause(), where));
            }
        });
        return outcome;
    }

    private static MqttConnectMessage connect(SessionSetup setup, Credentials credentials) {
        Identity identity = setup.identity();
        long keepAlive = setup.pace().interval().plus(setup.pace().patience()).toSeconds();
        MqttMessageBuilders.ConnectBuilder connect = MqttMessageBuilders.connect()
                .protocolVersion(MqttVersion.MQTT_3_1_1)
                .clientId(identity.toString())
                .cleanSession(!setup.dialect().hub())
                .keepAlive((int) keepAlive);
        if (credentials instanceof SasToken token) {
            login(connect, UserName.of(setup.identity(), setup.options()), token.text());
        } else if (credentials instanceof ClientCertificate) {
            connect.hasUser(true).username(UserName.of(setup.identity(), setup.options()));
        } else if (credentials instanceof UserPassword known) {
            login(connect, known.user(), known.password());
        } else if (!(credentials instanceof Anonymous)) {
            throw new IllegalArgumentException("the token must be there before the login");
        }
        return connect.build();
    }

    private static void login(MqttMessageBuilders.ConnectBuilder connect, String user, String password) {
        connect.hasUser(true).username(user).hasPassword(true).password(password.getBytes(UTF_8));
    }

    /** Waits for the one packet that may come now. */
    private final class Answer implements PacketListener {
        private final Channel channel;
        private final Where where;

        private Answer(Channel channel, Where where) {
            this.channel = channel;
            this.where = where;
        }

        @Override
        public PacketListener connAck(int code, boolean sessionPresent) throws UpstreamException {
            if (outcome.isDone()) {
                return this; // given up, or refused: a second answer changes nothing
            }
            if (code != 0) {
                outcome.completeExceptionally(refused(code));
                return this;
            }
            if (sessionPresent && setup.dialect().hub()) {
                inFlight.resume();
            } else {
                inFlight.restart();
            }
            MqttLink link = new MqttLink(setup, channel, where, inFlight);
            PipelineNames.append(channel.pipeline(), PipelineNames.SESSION, link);
            answered = Answered.WELCOME;
            outcome.complete(null);
            welcome.accept(link);
            return link;
        }

        /** The return codes of MQTT 3.1.1 §3.2.2.3. The hub answers 5 to an unknown device and to a wrong key alike. */
        private UpstreamException refused(int code) {
            String who = where.hop() + " refused '" + setup.identity() + "' with CONNACK code " + code;
            return switch (code) {
                case 1 -> failure(FailureKind.PROTOCOL, who + ": it does not speak MQTT 3.1.1, check the port");
                case 2 -> failure(FailureKind.NOT_FOUND, who + ": the client id is not allowed, check the device id");
                case 3 -> failure(FailureKind.SERVER_ERROR, who + ": it cannot serve now, try again later");
                default -> failure(FailureKind.UNAUTHORIZED, who + ": " + remedy());
            };
        }

        private String remedy() {
            if (shown instanceof ClientCertificate) {
                return "check the device id and that this certificate is registered for it;"
                        + " the device may be unknown or disabled";
            }
            return setup.dialect().hub()
                    ? "check the device id and its key; the device may be unknown or disabled, or this machine's clock wrong"
                    : "check the user name and the password";
        }

        private UpstreamException failure(FailureKind kind, String text) {
            return UpstreamException.of(kind, where, text);
        }

        @Override
        public void publish(PublishView message) throws UpstreamException {
            throw early("PUBLISH");
        }

        @Override
        public void pubAck(int packetId) throws UpstreamException {
            throw early("PUBACK");
        }

        @Override
        public void subAck(int packetId, int code) throws UpstreamException {
            throw early("SUBACK");
        }

        @Override
        public void pingResp() throws UpstreamException {
            throw early("PINGRESP");
        }

        private UpstreamException early(String packet) {
            return MqttFrameReader.violation(where, "a " + packet + " before a good CONNACK");
        }
    }
}

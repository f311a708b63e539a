// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.channel.Channel;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.upstream.Registration;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.connect.Failures;
import io.upstream.connect.PipelineNames;
import io.upstream.connect.StageLimit;
import io.upstream.provisioning.RegistrationToken;
import io.upstream.provisioning.ServiceLink;
import io.upstream.provisioning.ServiceLogin;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The last layer of a connection to the provisioning service: CONNECT with the registration's id, CONNACK, and the subscription to the
 * answers. The service keeps no session. Source: the service's guide to MQTT, "Using the MQTT protocol directly".
 */
final class RegistrationLogin implements ServiceLogin {
    private static final StageLimit LIMIT = StageLimit.of(Duration.ofSeconds(30));
    private static final String API_VERSION = "2019-03-31";
    private static final String PRODUCT = "upstream-java";

    /** Longer than the service has us wait between two questions. */
    private static final int KEEP_ALIVE_SECONDS = 180;

    private final Registration registration;
    private final MqttConnectMessage connect;
    private @Nullable RegistrationLink link;

    /** Signs the token, which takes time: not for the event loop. */
    RegistrationLogin(Registration registration, UpstreamOptions options) {
        this.registration = registration;
        String product = (PRODUCT + " " + options.productInfo()).strip();
        MqttMessageBuilders.ConnectBuilder builder = MqttMessageBuilders.connect()
                .protocolVersion(MqttVersion.MQTT_3_1_1)
                .clientId(registration.registrationId())
                .cleanSession(true)
                .keepAlive(KEEP_ALIVE_SECONDS)
                .hasUser(true)
                .username(registration.idScope() + "/registrations/" + registration.registrationId() + "/api-version="
                        + API_VERSION + "&ClientVersion="
                        + URLEncoder.encode(product, UTF_8).replace("+", "%20"));
        String token = RegistrationToken.of(registration);
        if (token != null) {
            builder.hasPassword(true).password(token.getBytes(UTF_8));
        }
        this.connect = builder.build();
    }

    @Override
    public String name() {
        return "mqtt";
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    @Override
    public ServiceLink link() {
        if (link == null) {
            throw new IllegalStateException("not established");
        }
        return link;
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        RegistrationLink made = new RegistrationLink(channel, where, registration);
        link = made;
        MqttFrameReader reader = new MqttFrameReader(channel, where, new CloudTopic(RegistrationTopic.PREFIX), made);
        PipelineNames.append(
                channel.pipeline(),
                PipelineNames.CODEC,
                new CombinedChannelDuplexHandler<>(reader, MqttEncoder.INSTANCE));
        PipelineNames.append(channel.pipeline(), PipelineNames.SESSION, made);
        channel.writeAndFlush(connect).addListener(written -> {
            if (!written.isSuccess()) {
                made.fail(Failures.translate(written.cause(), where));
            }
        });
        return made.whenSubscribed();
    }
}

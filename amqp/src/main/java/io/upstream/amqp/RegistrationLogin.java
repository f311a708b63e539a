// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.Channel;
import io.upstream.AuthenticationException;
import io.upstream.Registration;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UserPassword;
import io.upstream.amqp.engine.Opening;
import io.upstream.connect.StageLimit;
import io.upstream.provisioning.Refusal;
import io.upstream.provisioning.RegistrationToken;
import io.upstream.provisioning.ServiceLink;
import io.upstream.provisioning.ServiceLogin;
import io.upstream.session.Pace;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The last layer of a connection to the provisioning service: SASL PLAIN with the registration's name and a token, unless a certificate has
 * said it all, open, and a pair of links. Source: the service's documentation, "Symmetric key attestation", and its device SDKs.
 */
final class RegistrationLogin implements ServiceLogin {
    private static final String API_VERSION = "2019-03-31";

    private static final String CLIENT_VERSION = "com.microsoft:client-version";

    /** The service asks for no more than half of it between two questions. */
    private static final Duration IDLE_TIME_OUT = Duration.ofSeconds(60);

    private final Registration registration;
    private final String address;
    private final Map<String, String> linkProperties;
    private final AmqpStage connecting;
    private @Nullable RegistrationLink link;

    /** Signs the token, which takes time: not for the event loop. */
    RegistrationLogin(Registration registration, UpstreamOptions options) {
        this.registration = registration;
        this.address = registration.idScope() + "/registrations/" + registration.registrationId();
        this.linkProperties = HubAddresses.linkProperties(options);
        linkProperties.keySet().retainAll(Set.of(CLIENT_VERSION)); // the others are for hubs
        linkProperties.put("com.microsoft:api-version", API_VERSION);
        Pace pace = new Pace(options, () -> ThreadLocalRandom.current().nextLong());
        Opening opening =
                new Opening(login(), UUID.randomUUID().toString(), options.hubHost(), IDLE_TIME_OUT, pace.draw());
        this.connecting = new AmqpStage(opening, linkProperties, pace);
    }

    /** A certificate is proved by TLS, and then there is no SASL. */
    private Opening.Login login() {
        String token = RegistrationToken.of(registration);
        return Opening.Login.with(token == null ? registration.credentials() : new UserPassword(address, token));
    }

    @Override
    public String name() {
        return AmqpStage.NAME;
    }

    @Override
    public StageLimit limit() {
        return connecting.limit();
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
        return connecting
                .establish(channel, where)
                .handle((opened, error) -> {
                    if (error != null) {
                        return CompletableFuture.<Void>failedStage(told(error, where));
                    }
                    RegistrationLink made = new RegistrationLink(
                            AmqpStage.connection(channel), where, registration, address, linkProperties);
                    link = made;
                    return made.whenAttached();
                })
                .thenCompose(stage -> stage);
    }

    /** SASL has one word for all that may be wrong. */
    private Throwable told(Throwable error, Where where) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        return cause instanceof AuthenticationException
                ? Refusal.ofLogin(where, registration, "in the SASL login", cause)
                : cause;
    }
}

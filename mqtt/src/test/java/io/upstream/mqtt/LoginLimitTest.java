// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.Unpooled;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.Silence;
import io.upstream.session.Callbacks;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** P11, the rows of the CONNACK, by a clock that the test moves. */
class LoginLimitTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final UpstreamRuntime runtime =
            UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    private final Silence silence = new Silence();
    private final UpstreamOptions options = UpstreamOptions.forHub("h.example").build();

    @AfterEach
    void close() {
        silence.close();
        runtime.close();
    }

    private MqttLogin login() throws UpstreamException {
        SasToken token = SasToken.of("SharedAccessSignature sr=x&sig=y&se=1");
        Identity identity = Identity.device("d");
        SessionTerms terms = new SessionTerms(
                identity,
                UpstreamProtocol.MQTT,
                true,
                options,
                runtime,
                silence.channel.eventLoop(),
                new Callbacks(Runnable::run));
        SessionSetup setup = new SessionSetup(terms, Dialect.of(identity, token, options), new Pace(options, () -> 0L));
        return new MqttLogin(setup, token, new InFlight(1), link -> {});
    }

    @Test
    void aHubHasThirtySecondsForItsConnack() throws UpstreamException {
        silence.with(login()).endsAfter(LIMIT, "mqtt");
    }

    /** A client that waited for ever was mended into one that did not wait for a busy broker (paho.mqtt.java#1028, #763). */
    @ParameterizedTest
    @CsvSource({"25, true", "29, true", "30, false", "61, false"})
    void aSlowConnackIsTakenAndALateOneIsNot(int seconds, boolean taken) throws UpstreamException {
        MqttLogin login = login();
        silence.with(login).pass(Duration.ofSeconds(seconds));
        if (taken) {
            silence.channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {0x20, 2, 0, 0}));
            silence.goesOn();
        } else {
            assertEquals(FailureKind.TIMEOUT, ((UpstreamException) silence.failure()).kind());
        }
        assertEquals(taken, login.isWelcome());
    }

    @Test
    void theProvisioningServiceHasAsMuch() {
        Registration registration = Registration.of("0ne1", "sensor-7", SasKey.of("a2V5"));
        silence.with(new RegistrationLogin(registration, options)).endsAfter(LIMIT, "mqtt");
    }
}

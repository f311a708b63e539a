// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.HostPort;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyServer;
import io.upstream.UserPassword;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BasicSchemeTest {
    private static final TunnelRequest REQUEST =
            new TunnelRequest(ProxyServer.http(new HostPort("proxy", 3128)), "hub:8883");
    private static final ProxyChallenge CHALLENGE = new ProxyChallenge("bAsIc", "", Map.of("realm", "corp"));

    private final BasicScheme scheme = new BasicScheme();

    @ParameterizedTest
    @CsvSource({
        "Aladdin,open sesame,QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "test,123£,dGVzdDoxMjPCow==",
        "user,pa:ss word,dXNlcjpwYTpzcyB3b3Jk",
        "usér,päss,dXPDqXI6cMOkc3M=",
        "user,'',dXNlcjo="
    })
    void encodesUserAndPasswordAsUtf8(String user, String password, String expected) {
        Conversation basic = scheme.begin(REQUEST, new UserPassword(user, password));
        assertEquals(Optional.of("Basic " + expected), basic.unasked());
        assertEquals(
                "Basic " + expected,
                basic.answer(CHALLENGE).toCompletableFuture().join());
    }

    @Test
    void answersItsOwnChallengesOnly() {
        assertEquals(PasswordScheme.BASIC, scheme.strength(CHALLENGE));
        assertEquals(0, scheme.strength(new ProxyChallenge("Digest", "", Map.of())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:b", "a\r\nX: y", "a\u0007"})
    void refusesUsersThatBasicCannotExpress(String user) {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> scheme.begin(REQUEST, new UserPassword(user, "hunter2")));
        assertFalse(String.valueOf(error.getMessage()).contains("hunter2"), error::toString);
    }

    @Test
    void refusesControlCharactersInThePassword() {
        assertThrows(IllegalArgumentException.class, () -> scheme.begin(REQUEST, new UserPassword("u", "a\r\nX: y")));
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.ProxyChallenge;
import io.upstream.UserPassword;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreemptiveBasicTest {

    @ParameterizedTest
    @CsvSource({
        "Aladdin,open sesame,QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "test,123£,dGVzdDoxMjPCow==",
        "user,pa:ss word,dXNlcjpwYTpzcyB3b3Jk",
        "usér,päss,dXPDqXI6cMOkc3M=",
        "user,'',dXNlcjo="
    })
    void encodesUserAndPasswordAsUtf8(String user, String password, String expected) {
        PreemptiveBasic basic = new PreemptiveBasic(new UserPassword(user, password));
        assertEquals(Optional.of("Basic " + expected), basic.answer(List.of()));
    }

    @Test
    void answersNoChallenge() {
        PreemptiveBasic basic = new PreemptiveBasic(new UserPassword("u", "p"));
        assertEquals(Optional.empty(), basic.answer(List.of(new ProxyChallenge("Basic", "", Map.of()))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:b", "a\r\nX: y", "a\u0007"})
    void refusesUsersThatBasicCannotExpress(String user) {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> new PreemptiveBasic(new UserPassword(user, "hunter2")));
        assertFalse(String.valueOf(error.getMessage()).contains("hunter2"), error::toString);
    }

    @Test
    void refusesControlCharactersInThePassword() {
        assertThrows(IllegalArgumentException.class, () -> new PreemptiveBasic(new UserPassword("u", "a\r\nX: y")));
    }
}

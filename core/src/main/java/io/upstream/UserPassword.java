// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;

/**
 * User name and password for a broker that is no IoT Hub: SASL PLAIN under AMQP, the same two fields under MQTT.
 *
 * @param user not empty, without a NUL character
 * @param password without a NUL character
 */
public record UserPassword(String user, String password) implements Credentials {

    public UserPassword {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(password, "password");
        if (user.isEmpty() || user.indexOf('\0') >= 0 || password.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "user name must not be empty, and neither part may hold a NUL character");
        }
    }

    @Override
    public String toString() {
        return "UserPassword[user=" + user + ", password=***]";
    }
}

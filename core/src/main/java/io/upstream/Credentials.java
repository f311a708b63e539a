// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * How an identity proves itself. {@link SasKey}, {@link SasToken}, {@link SasTokenProvider} and {@link ClientCertificate} are an IoT Hub's
 * own ways; {@link UserPassword} and {@link Anonymous} are for a broker that is no IoT Hub, and switch off what only a hub knows (the user
 * name form, CBS, twins and methods).
 */
public sealed interface Credentials
        permits SasKey, SasToken, SasTokenProvider, ClientCertificate, UserPassword, Anonymous {}

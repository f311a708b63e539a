// SPDX-License-Identifier: Apache-2.0
/**
 * An IoT Hub that runs in the JVM: for tests, demonstrations and benchmarks. It accepts what the real hub accepts and refuses what
 * that refuses. Start reading at {@link io.upstream.emulator.IotHubEmulator}.
 */
@NullMarked
package io.upstream.emulator;

import org.jspecify.annotations.NullMarked;

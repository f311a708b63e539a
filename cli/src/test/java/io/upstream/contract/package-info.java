// SPDX-License-Identifier: Apache-2.0
/**
 * What every session promises, whatever it speaks: one suite for all protocols, run as a device and as a module, against the emulator. A
 * class of tests extends {@link io.upstream.contract.SessionContract} and runs once for each {@link io.upstream.contract.Speaker}; where
 * protocols differ by nature, the test that shows it says so.
 */
@NullMarked
package io.upstream.contract;

import org.jspecify.annotations.NullMarked;

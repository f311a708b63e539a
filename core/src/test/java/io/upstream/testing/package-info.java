// SPDX-License-Identifier: Apache-2.0
/** What the tests of all modules share. Registered for every test by JUnit's extension detection. */
package io.upstream.testing;

// The last page of a connect session's popup: hands the result to the product's page that opened it, and to no other origin.
// Where the opener is out of reach, the product's return page in this window does it.
const { session, origin, back, status, error } = document.getElementById("main").dataset;
if (window.opener && !window.opener.closed) {
  window.opener.postMessage({ type: "metaads-connect", connectSession: session, status, error: error || null }, origin);
  window.close();
} else {
  location.replace(back);
}

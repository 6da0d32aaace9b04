"""From a picture to the digits in it: `pipeline` holds the steps in their order."""

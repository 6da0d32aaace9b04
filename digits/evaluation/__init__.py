"""Model evaluation: predictions for MNIST's test images become metrics, text, JSON and figures."""

// The laboratory's guided tours: settings, and what to look at in each.

const start = { depth: 20, width: 64, gain: 1, batch: 128, placement: "before", norm: "none" };

export const TOURS = {
  "Vanishing sigmoids": [
    {
      setting: { ...start, activation: "sigmoid" },
      text: "Twenty layers of sigmoids, without a norm. Every digit gets nearly the same activations, so the similarity is " +
        "1 from the start. On its way back, the gradient shrinks at least fourfold in each layer, because the slope of the " +
        "sigmoid is at most 1/4.",
    },
    {
      setting: { ...start, activation: "sigmoid", gain: 4 },
      text: "Can larger weights save it? A gain of 4 makes up for the slope of 1/4 at 0. The gradient shrinks far less, " +
        "but it still shrinks, because most inputs do not lie at 0. And the digits still become alike.",
    },
    {
      setting: { ...start, activation: "sigmoid", norm: "batch" },
      text: "Back to a gain of 1, now with batch norm. Every layer looks like the last, and the gradient at layer 1 is even " +
        "a little longer than at layer 20. Move the gain: only the length of the steps changes much.",
    },
  ],
  "Exploding ReLUs": [
    {
      setting: { ...start, activation: "relu", gain: 2 ** 0.5 },
      text: "ReLU networks need a gain of about 1.41, as He and colleagues found. Without a norm, the gradient keeps its " +
        "length, although all digits grow alike.",
    },
    {
      setting: { ...start, activation: "relu", gain: 2 ** 0.5, norm: "batch" },
      text: "With batch norm, the digits stay different. But the gradient grows by a factor of about 1.2 per layer on its " +
        "way back, so layer 1 gets one that is tens of times longer than layer 20.",
    },
    {
      setting: { ...start, activation: "relu", gain: 2 ** 0.5, norm: "batch", depth: 50 },
      text: "In fifty layers, the growth adds up to a factor of thousands. Look at the steps: at a learning rate of " +
        "0.1, the first step would be many times as long as the weights of layer 1.",
    },
  ],
  "Collapse under layer norm": [
    {
      setting: { ...start, activation: "relu", gain: 2 ** 0.5, norm: "layer", depth: 50 },
      text: "Fifty ReLU layers with layer norm before the activation. The histograms look healthy in every layer. Yet the " +
        "similarity climbs to 1: layer norm looks at one digit at a time, and cannot see that all digits become the same.",
    },
    {
      setting: { ...start, activation: "relu", gain: 2 ** 0.5, norm: "batch", depth: 50 },
      text: "Batch norm compares the digits with each other, so they cannot collapse. You have seen the price on the other " +
        "tour: the gradient explodes.",
    },
    {
      setting: { ...start, activation: "relu", gain: 2 ** 0.5, norm: "layer", placement: "after", depth: 50 },
      text: "Layer norm again, now after the activation. It centers what ReLU made positive, so the digits become less similar " +
        "from layer to layer. The price is the same as batch norm's: the gradient explodes.",
    },
  ],
};

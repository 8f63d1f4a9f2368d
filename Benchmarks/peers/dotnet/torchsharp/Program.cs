// TorchSharp's worker. PEER_THREADS threads, PEER_CHANNELS_LAST=1 channels-last tensors, PEER_FUSED=1 fused attention.
using System.Text.Json.Nodes;
using Diffract.Peers;
using TorchSharp;

torch.set_num_threads(Worker.Threads);
var settings = new Settings(
    Environment.GetEnvironmentVariable("PEER_CHANNELS_LAST") == "1",
    Environment.GetEnvironmentVariable("PEER_FUSED") == "1");
var info = new JsonObject
{
    ["peer"] = settings.ToString(),
    ["version"] = torch.__version__,
    ["threads"] = torch.get_num_threads(),
};
using var worker = new Worker(info, name => name switch
{
    "pretrain_step" => new PretrainStep(settings),
    "head_step" => new HeadStep(settings),
    _ => Inference.Find(name, settings),
});
worker.Run();

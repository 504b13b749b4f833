# What a whole `Klime.track` costs, against a `GenServer.call` that does nothing, in the same run:
#
#     MIX_ENV=prod mix run bench/track.exs
#
# Both are measured in turns, so that what else the machine does hits both. The events are real ones; they go to a server on loopback
# that takes them.

defmodule Nothing do
  use GenServer

  def init(state), do: {:ok, state}
  def handle_call(:nothing, _from, state), do: {:reply, :ok, state}
end

defmodule Sink do
  # Reads requests and answers each one, as fast as it can.
  def start do
    {:ok, listening} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}, backlog: 64])
    spawn_link(fn -> accept(listening) end)
    {:ok, port} = :inet.port(listening)
    "http://127.0.0.1:#{port}"
  end

  defp accept(listening) do
    {:ok, socket} = :gen_tcp.accept(listening)
    pid = spawn(fn -> receive do: (:go -> serve(socket, 0)) end)
    :ok = :gen_tcp.controlling_process(socket, pid)
    send(pid, :go)
    accept(listening)
  end

  defp serve(socket, length) do
    :ok = :inet.setopts(socket, packet: :http_bin)

    case :gen_tcp.recv(socket, 0) do
      {:ok, {:http_header, _, :"Content-Length", _, value}} -> serve(socket, String.to_integer(value))
      {:ok, :http_eoh} -> answer(socket, length)
      {:ok, _} -> serve(socket, length)
      {:error, _} -> :ok
    end
  end

  defp answer(socket, length) do
    :ok = :inet.setopts(socket, packet: :raw)
    {:ok, _} = :gen_tcp.recv(socket, length)
    :ok = :gen_tcp.send(socket, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    serve(socket, 0)
  end
end

defmodule Bench do
  @rounds 20
  @calls 5_000

  def run(subjects) do
    Enum.each(subjects, fn {_, fun} -> times(fun) end)

    1..@rounds
    |> Enum.flat_map(fn _ -> Enum.map(subjects, fn {name, fun} -> {name, times(fun)} end) end)
    |> Enum.group_by(&elem(&1, 0), &elem(&1, 1))
    |> Map.new(fn {name, times} -> {name, times |> List.flatten() |> Enum.sort() |> quantiles()} end)
  end

  defp times(fun) do
    for number <- 1..@calls do
      before = System.monotonic_time(:nanosecond)
      fun.(number)
      System.monotonic_time(:nanosecond) - before
    end
  end

  defp quantiles(times) do
    count = length(times)
    at = fn share -> Enum.at(times, min(trunc(count * share), count - 1)) / 1000 end
    %{p50: at.(0.5), p99: at.(0.99), mean: Enum.sum(times) / count / 1000}
  end

  def report(results, baseline) do
    base = results[baseline]
    IO.puts("#{@rounds * @calls} calls each, µs\n")
    IO.puts(row(["", "p50", "p99", "mean", "p50 against the call"]))

    for {name, result} <- Enum.sort_by(results, &elem(&1, 1).p50) do
      figures = Enum.map([:p50, :p99, :mean], &format(result[&1]))
      IO.puts(row([name | figures] ++ [format(result.p50 / base.p50)]))
    end

    results
  end

  defp row(cells), do: Enum.map_join(cells, " ", &String.pad_leading(&1, 24))
  defp format(number), do: :erlang.float_to_binary(number * 1.0, decimals: 2)
end

{:ok, nothing} = GenServer.start_link(Nothing, nil)

{:ok, client} =
  Klime.Client.start_link(
    write_key: "bench",
    endpoint: Sink.start(),
    name: Bench.Klime,
    max_batch_size: 100,
    max_queue_size: 100_000
  )

subjects = [
  {"GenServer.call", fn _ -> GenServer.call(nothing, :nothing) end},
  {"track, by pid",
   fn number ->
     Klime.track(client, "Button Clicked", %{button_name: "Sign up", plan: "pro", number: number}, user_id: "user_123")
   end},
  {"track, by name",
   fn number ->
     Klime.track(Bench.Klime, "Button Clicked", %{button_name: "Sign up", plan: "pro", number: number},
       user_id: "user_123"
     )
   end},
  {"identify, no traits", fn number -> Klime.identify(client, number) end}
]

IO.puts("Elixir #{System.version()}, OTP #{System.otp_release()}, JSON by #{Klime.JSON.encoder()}")
results = subjects |> Bench.run() |> Bench.report("GenServer.call")
:ok = Klime.flush(client)
IO.puts("\n#{inspect(Klime.stats(client))}")

ratio = results["track, by pid"].p50 / results["GenServer.call"].p50
if ratio > 2.5, do: raise("a track costs #{Float.round(ratio, 2)} times a GenServer.call, it may cost 2.5 times that")
